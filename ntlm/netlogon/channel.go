package netlogon

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"squidauth/helper/state"
	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/epm"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/netlogon/rpc"
	"squidauth/ntlm/netlogon/ssp"
	"squidauth/ntlm/ntlmssp"
)

const (
	connectTime = 3 * time.Second // for a connection, or a question to the endpoint mapper
	agreeTime   = 3 * time.Second // for agreeing on a key, while others wait
	lockTime    = 5 * time.Second // for those others
)

var (
	errEcho  = errors.New("its challenge is one for which who does not know the key can make up a proof")
	errProof = errors.New("the proof that it knows the machine account's password is wrong")
	errFlags = errors.New("it does not offer AES, strong keys and sealed calls")
)

// channel is a sealed connection to a controller, with a key of its own.
type channel struct {
	controller *controller
	conn       *rpc.Conn
	born       time.Time
	answered   bool // a logon at least
}

// fresh reports that the channel may be used on. It may be a little younger than now.
func (ch *channel) fresh(now time.Time) bool { return now.Sub(ch.born).Abs() < maxAge }

// builder sets channels up.
type builder struct {
	config  *Config
	names   ssp.Names
	problem atomic.Pointer[string] // with the lock, once it was logged
}

// build sets a channel up.
func (b *builder) build(ctx context.Context, c *controller) (*channel, *fault) {
	secret, err := b.config.Secret.current(ctx)
	if err != nil {
		return nil, faultf(NoSecret, err, "the machine account's secret cannot be read")
	}
	if r := c.lastRefusal(); r.in(b.config.Now(), secret) {
		return nil, refused(c.host, b.config.Account, r.status)
	}
	plain, sealed, err := b.connect(ctx, c)
	if err != nil {
		return nil, unreachable(c.host, err)
	}
	defer plain.Close()
	conn, err := b.agree(ctx, c, plain, sealed, secret)
	if err != nil {
		sealed.Close()
		return nil, unreachable(c.host, err)
	}
	return &channel{controller: c, conn: conn, born: b.config.Now()}, nil
}

// connect makes two connections to the Netlogon service: one that is bound without
// a seal, and one that is to be bound with it.
func (b *builder) connect(ctx context.Context, c *controller) (plain *rpc.Conn, sealed net.Conn, err error) {
	if port := c.knownPort(); port != 0 {
		if plain, sealed, err = b.connectTo(ctx, c.host, port); err == nil {
			return plain, sealed, nil
		}
		// It may be another one after a restart.
	}
	ports, err := b.ports(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	for _, port := range ports {
		if plain, sealed, err = b.connectTo(ctx, c.host, port); err == nil {
			c.learnPort(port)
			return plain, sealed, nil
		}
	}
	return nil, nil, err
}

func (b *builder) connectTo(ctx context.Context, host string, port uint16) (plain *rpc.Conn, sealed net.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	address := net.JoinHostPort(host, strconv.Itoa(int(port)))
	connection, err := b.dial(ctx, address)
	if err != nil {
		return nil, nil, err
	}
	if plain, err = rpc.Bind(ctx, connection, rpc.Netlogon, nil); err != nil {
		return nil, nil, err
	}
	if sealed, err = b.dial(ctx, address); err != nil {
		plain.Close()
		return nil, nil, err
	}
	return plain, sealed, nil
}

// ports asks the endpoint mapper where the Netlogon service listens.
func (b *builder) ports(ctx context.Context, c *controller) ([]uint16, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	connection, err := b.dial(ctx, c.address)
	if err != nil {
		return nil, err
	}
	conn, err := rpc.Bind(ctx, connection, rpc.EPM, nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return epm.Ports(ctx, conn, rpc.Netlogon)
}

// agree agrees on a key and binds with it. Nobody else agrees on one meanwhile.
func (b *builder) agree(ctx context.Context, c *controller, plain *rpc.Conn, sealed net.Conn, secret secrets) (*rpc.Conn, error) {
	lock, err := b.lock(ctx, c)
	if err != nil {
		return nil, err
	}
	defer lock.Unlock()
	now := b.config.Now()
	last := parseRefusal(lock.Note()).or(c.lastRefusal(), secret)
	if last.in(now, secret) {
		b.noteRefusal(c, last)
		return nil, refused(c.host, b.config.Account, last.status)
	}
	ctx, cancel := context.WithTimeout(ctx, agreeTime)
	defer cancel()
	key, err := b.anyKey(ctx, c, plain, secret)
	if status := nrpc.Status(0); errors.As(err, &status) {
		if !refuses(status) {
			return nil, undecidedBy(c.host, status)
		}
		last = last.again(now, secret, status)
		lock.Leave(last.String())
		b.config.Observe(c.host, Refused)
		b.noteRefusal(c, last)
		return nil, refused(c.host, b.config.Account, status)
	}
	if err != nil {
		return nil, err
	}
	if last.times > 0 {
		lock.Leave("")
	}
	return rpc.Bind(ctx, sealed, rpc.Netlogon, ssp.Initiate(key, b.names))
}

// lock takes the lock of the account at a controller. Where there is none to be had,
// set-ups disturb one another and are repeated: that is better than none.
func (b *builder) lock(ctx context.Context, c *controller) (*state.Lock, error) {
	waiting, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	l, err := state.Take(waiting, b.config.StateDir, lockName(b.config.Account, c.host))
	switch {
	case err == nil:
		return l, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	if problem := err.Error(); b.problem.Swap(&problem) == nil {
		b.config.Log.Warn("processes that use the same machine account may disturb one another", "problem", problem)
	}
	return nil, nil
}

// anyKey agrees on a key by the first secret that the controller takes. An error of
// type nrpc.Status says that it takes none.
func (b *builder) anyKey(ctx context.Context, c *controller, plain *rpc.Conn, secret secrets) (key ntlmssp.Key, err error) {
	for n, hash := range secret.hashes {
		key, err = b.key(ctx, c, plain, hash)
		if !errors.Is(err, nrpc.AccessDenied) {
			if err == nil && n > 0 {
				b.config.Log.Info("the domain controller knows the machine account's former password only", "controller", c.host)
			}
			return key, err
		}
	}
	return ntlmssp.Key{}, err
}

// key agrees on a key ([MS-NRPC] section 3.1.4.1). That the server knows it, too, is
// certain only when it answers a sealed call: a proof of eight bytes in CFB8 can be
// guessed with a chance of up to 1 in 2^32.
func (b *builder) key(ctx context.Context, c *controller, plain *rpc.Conn, hash ntlmssp.Key) (ntlmssp.Key, error) {
	var client ssp.Challenge
	for client.Weak() {
		rand.Read(client[:])
	}
	server, err := nrpc.ReqChallenge(ctx, plain, b.names.Computer, client)
	if err != nil {
		return ntlmssp.Key{}, err
	}
	if server.Resembles(client) || server.Weak() {
		return ntlmssp.Key{}, faultf(BrokenAnswer, errEcho, "domain controller %s is not one", c.host)
	}
	key := ssp.SessionKey(hash, client, server)
	proof, flags, err := nrpc.Authenticate3(ctx, plain, b.config.Account, b.names.Computer, ssp.CredentialOf(key, client))
	switch {
	case err != nil:
		return ntlmssp.Key{}, err
	case flags&nrpc.Required != nrpc.Required:
		return ntlmssp.Key{}, faultf(ntlm.NoDomainController, errFlags, "domain controller %s cannot be used", c.host)
	case !proof.Equal(ssp.CredentialOf(key, server)):
		return ntlmssp.Key{}, faultf(BrokenAnswer, errProof, "domain controller %s is not one", c.host)
	}
	return key, nil
}

func (b *builder) noteRefusal(c *controller, r refusal) {
	if c.refused(r) {
		b.config.Log.Warn("domain controller cannot be used", "controller", c.host,
			"problem", refused(c.host, b.config.Account, r.status).Error(), slog.Time("again", r.until))
	}
}
