package ldapconn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"squidauth/helper/secret"
	"squidauth/helper/watch"
)

// idleMost is how long a connection is kept that nobody uses: servers have many
// clients, and the helpers are many processes.
const idleMost = 30 * time.Second

// Options of a Pool.
type Options struct {
	Servers  []Server // in the order of preference; at least one, unless there is Find
	StartTLS bool     // with servers that StartsPlain

	// Find returns more servers, such as a Domain's; nil: there are no more. It is
	// called again from time to time.
	Find func(context.Context) ([]Server, error)

	// CA has the certificates that those of the servers must lead to; nil: the
	// system's. With AnyCertificate they need not lead anywhere.
	CA             *watch.File[x509.CertPool]
	AnyCertificate bool
	Certificate    *Certificate // of this program; nil: it has none

	BindDN string         // empty: no bind, as anonymous
	Secret *secret.Source // of the BindDN
	Login  Login          // in place of both; nil: there is none

	Connections int // at most so many at a time; 0: one

	// What a server may take, besides what the context of a request leaves: to be
	// connected, with TLS and the bind; and to answer. 0: no such bound.
	ConnectTime, AnswerTime time.Duration

	// Dial opens network connections; nil means a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time // the clock; nil means time.Now
}

// Login logs connections in by other means than a password. It may be used from several
// goroutines.
type Login interface {
	// Ticket returns what Bind needs for a server. It asks others than that for it.
	Ticket(ctx context.Context, host string) (ticket any, err error)

	// Over returns a connection over one without TLS, which Bind may protect.
	Over(net.Conn) net.Conn

	// Bind logs a connection in, which is over what Over returned, with or without TLS
	// between.
	Bind(x Exchange, over net.Conn, ticket any) error
}

// Exchange is a SASL login under way (RFC 4513 section 5.2.1.2).
type Exchange interface {
	// Step sends what the client has to say, and returns what the server says to it;
	// done: that is the end, and the client is logged in. The error may be what the
	// server has against it, an *ldap.Error.
	Step(mechanism string, credentials []byte) (challenge []byte, done bool, err error)

	// TLS returns the state of TLS, nil without.
	TLS() *tls.ConnectionState
}

// Pool is connections to servers that hold the same. It may be used from several
// goroutines.
type Pool struct {
	opt     Options
	servers *roster
	slots   chan struct{} // as many as connections may be in use
	refused refusal

	unanswered unanswered // binds of users

	mu     sync.Mutex // guards what follows
	idle   []*conn
	others map[Server]*Pool // that were referred to
	turns  map[Server]chan struct{}
}

// New returns a Pool without connections.
func New(opt Options) *Pool {
	if opt.Dial == nil {
		opt.Dial = new(net.Dialer).DialContext
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Pool{opt: opt, servers: newRoster(&opt), slots: make(chan struct{}, max(1, opt.Connections))}
}

// ForUsers returns a Pool of as many connections to the same servers, on which users
// are logged in by Bind. What one of the two learns of a server, the other knows.
func (p *Pool) ForUsers() *Pool {
	opt := p.opt
	opt.BindDN, opt.Secret, opt.Login = "", nil, nil
	return &Pool{opt: opt, servers: p.servers, slots: make(chan struct{}, cap(p.slots))}
}

// acquire waits for the right to use a connection. It is given back by release.
func (p *Pool) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return errBusy
	}
	if ctx.Err() != nil { // both were ready
		p.release()
		return errBusy
	}
	return nil
}

func (p *Pool) release() { <-p.slots }

// openAny opens a connection to the first of the servers that works. The error says
// in words what is wrong with each.
func (p *Pool) openAny(ctx context.Context) (*conn, error) {
	ranked, err := p.servers.ranking(ctx)
	if err != nil {
		return nil, err
	}
	var t troubles
	for i, server := range ranked {
		c, err := p.openWithin(ctx, len(ranked)-i+1, server) // one part for what it is opened for
		if err == nil {
			p.servers.setGood(server)
			return c, nil
		}
		if isFinal(err) {
			return nil, describe(server, err)
		}
		p.servers.setFailed(server)
		t.add(server, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, t.err()
}

// openWithin opens a connection to a server, in its part of the time when tries are
// left.
func (p *Pool) openWithin(ctx context.Context, tries int, server Server) (*conn, error) {
	ctx, cancel := onePart(ctx, tries, p.opt.ConnectTime)
	defer cancel()
	c, err := p.open(ctx, server)
	if err != nil && ctx.Err() != nil && !isFinal(err) && !errors.As(err, new(*ticketError)) {
		err = errNoAnswer
	}
	return c, err
}

// troubles is what is wrong with servers, in the order in which they were tried.
type troubles []string

func (t *troubles) add(s Server, err error) {
	if text := describe(s, err).Error(); !slices.Contains(*t, text) {
		*t = append(*t, text)
	}
}

func (t troubles) err() error {
	slices.Sort(t) // the same each time
	return errors.New(strings.Join(t, "; "))
}

// onePart returns a context with a part of the time that is left, so that there is as
// much for each try, and no more than most, unless that is 0.
func onePart(ctx context.Context, tries int, most time.Duration) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, partOf(ctx, tries, most).deadline)
}

// part is a context that has an earlier deadline. Done does not know of it: a timer for
// each request would cost as much as writing it, and a wire keeps the deadline itself.
type part struct {
	context.Context
	deadline time.Time
}

// Deadline implements context.Context.
func (p part) Deadline() (time.Time, bool) { return p.deadline, true }

// farOff is the time that is left where there is no bound.
const farOff = 24 * time.Hour

// partOf is onePart for a request to a server.
func partOf(ctx context.Context, tries int, most time.Duration) part {
	now := time.Now()
	if most == 0 {
		most = farOff
	}
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, deadline.Sub(now)/time.Duration(tries))
	}
	return part{ctx, now.Add(most)}
}

// takeIdle returns the connection that was used last, nil if there is none.
func (p *Pool) takeIdle(ctx context.Context) *conn {
	for c := p.popIdle(); c != nil; c = p.popIdle() {
		if c.wire.isAlive(ctx) {
			return c
		}
		c.close()
	}
	return nil
}

func (p *Pool) popIdle() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle = p.idle[:last]
	c.expiry.Stop()
	return c
}

func (p *Pool) putIdle(c *conn) {
	if c.wire.cause != nil {
		c.close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
	if c.expiry == nil {
		c.expiry = time.AfterFunc(idleMost, func() { p.expire(c) })
	} else {
		c.expiry.Reset(idleMost)
	}
}

// discard closes a connection that is no longer good, and those to the same server
// that nobody uses, which were not used for longer. A server that gave no answer
// comes after the others for a while.
func (p *Pool) discard(c *conn) {
	if errors.Is(c.wire.cause, errNoAnswer) {
		p.servers.setFailed(c.server)
	}
	c.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(other *conn) bool {
		if other.server != c.server {
			return false
		}
		other.expiry.Stop()
		other.close()
		return true
	})
}

// expire closes a connection that nobody used for long.
func (p *Pool) expire(c *conn) {
	p.mu.Lock()
	i := slices.Index(p.idle, c)
	if i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		c.wire.unbind()
	}
}
