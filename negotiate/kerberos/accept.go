package kerberos

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"

	"squidauth/negotiate/kerberos/internal/enctype"
	"squidauth/negotiate/rcache"
)

// DefaultSkew is how far the clocks of client and server may differ (RFC 4120
// section 8.2: five minutes are reasonable).
const DefaultSkew = 5 * time.Minute

// Acceptor verifies AP-REQ messages. Its fields are set before it is used; it may
// be used from several goroutines.
type Acceptor struct {
	// Keys returns the keyring in force, or why there is none. It returns when
	// its context is done.
	Keys func(context.Context) (*Keyring, error)

	// Newer is asked for keys when those of Keys do not fit a ticket: the keytab
	// may have been renewed since. It may be nil.
	Newer func(context.Context) (*Keyring, error)

	// SPNs are the service principals that tickets may be for, with or without
	// realm. Empty: any of the keyring.
	SPNs []string

	// Realms are the clients' realms that are let in. Empty: all that the
	// server's KDC vouches for.
	Realms []string

	PermitRC4 bool          // accept rc4-hmac, for tickets and session keys
	MaxSkew   time.Duration // 0 means DefaultSkew
	Replay    rcache.Cache

	Now  func() time.Time // the clock
	Rand io.Reader        // for sequence numbers
}

// Accept verifies an AP-REQ (RFC 4120 section 3.2.3) and returns what it
// establishes. The error is an *Error.
func (a *Acceptor) Accept(ctx context.Context, apReq []byte) (*Context, error) {
	req, err := readAPReq(apReq)
	if err != nil {
		return nil, err
	}
	keys, err := a.Keys(ctx)
	if err != nil {
		return nil, refuse(NoKeytab, "no keytab").because(err)
	}
	if err := a.permit(req.ticket.part.EType, "the ticket"); err != nil {
		return nil, err
	}
	t, err := a.openTicket(keys, &req.ticket)
	if missedKey(err) {
		t, err = a.tryNewer(ctx, keys, &req.ticket, err)
	}
	if err != nil {
		return nil, err
	}
	c, err := a.acceptFrom(req, t)
	if err != nil {
		return nil, ofClient(err, t)
	}
	return c, nil
}

// tryNewer decrypts the ticket with a keytab that was renewed. The error is that
// of the old one.
func (a *Acceptor) tryNewer(ctx context.Context, old *Keyring, s *sealed, failed error) (*ticket, error) {
	if a.Newer == nil {
		return nil, failed
	}
	keys, err := a.Newer(ctx)
	if err != nil || keys == old {
		return nil, failed
	}
	return a.openTicket(keys, s)
}

// acceptFrom checks what comes with a genuine ticket.
func (a *Acceptor) acceptFrom(req *apReq, t *ticket) (*Context, error) {
	if err := a.permit(t.session.key.KeyType, "the ticket's session key"); err != nil {
		return nil, err
	}
	auth, err := openAuthenticator(req, t)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	if err := a.checkTimes(t, auth, now); err != nil {
		return nil, err
	}
	if err := a.checkRealms(t); err != nil {
		return nil, err
	}
	if err := a.checkReplay(req, t, now); err != nil {
		return nil, err
	}
	return a.establish(req, t, auth)
}

// permit refuses encryption types by policy.
func (a *Acceptor) permit(id int32, what string) error {
	if !enctype.Known(id) {
		return refuse(WeakEncryption, "%s is encrypted with %s, which is not supported", what, enctype.Name(id))
	}
	if id == etypeID.RC4_HMAC && !a.PermitRC4 {
		return refuse(WeakEncryption, "%s is encrypted with rc4-hmac: give the service account AES keys, or use --permit-rc4", what)
	}
	return nil
}

// openAuthenticator decrypts the authenticator and holds it against the ticket.
// Name and realm both count: the authenticator is made by the client.
func openAuthenticator(req *apReq, t *ticket) (*authenticator, error) {
	plain, err := t.session.decrypt(usageAuthenticator, req.authenticator.Cipher)
	if err != nil {
		return nil, refuse(BadMatch, "the authenticator does not decrypt with the ticket's session key").because(err)
	}
	auth, err := readAuthenticator(plain)
	if err != nil {
		return nil, err
	}
	if !auth.cname.equal(t.cname) || auth.crealm != t.crealm {
		return nil, refuse(BadMatch, "the ticket is of %s@%s, the authenticator of %s", t.cname, t.crealm,
			shown(auth.cname.String()+"@"+auth.crealm))
	}
	return auth, nil
}

func (a *Acceptor) skew() time.Duration {
	if a.MaxSkew > 0 {
		return a.MaxSkew
	}
	return DefaultSkew
}

// checkTimes holds the times of ticket and authenticator, and the flags that say
// that a ticket is not good yet, or for nobody, against ours.
func (a *Acceptor) checkTimes(t *ticket, auth *authenticator, now time.Time) error {
	ahead := auth.time().Sub(now)
	switch {
	case t.flags.Has(flagAnonymous):
		return refuse(BadName, "the ticket is of an anonymous client")
	case t.flags.Has(flagInvalid):
		return refuse(NotYetValid, "the ticket is marked invalid: it is postdated and was not validated")
	case ahead > a.skew():
		return refuse(ClockSkew, "the client's clock is %v ahead of ours: set both by NTP", ahead.Round(time.Second))
	case ahead < -a.skew():
		return refuse(ClockSkew, "the client's clock is %v behind ours, or the token is that old: set both by NTP", (-ahead).Round(time.Second))
	case t.startTime.Sub(now) > a.skew():
		return refuse(NotYetValid, "the ticket is valid only in %v: is our clock right?", t.startTime.Sub(now).Round(time.Second))
	case now.Sub(t.endTime) > a.skew():
		return refuse(Expired, "the ticket expired %v ago", now.Sub(t.endTime).Round(time.Second))
	}
	return nil
}

// checkRealms lets in clients of the allowed realms, by a way that the KDC has
// checked or that leads through allowed realms only (RFC 4120 section 2.7).
func (a *Acceptor) checkRealms(t *ticket) error {
	if len(a.Realms) > 0 && !slices.Contains(a.Realms, t.crealm) {
		return refuse(ForeignRealm, "the client is of realm %s, which is not allowed", t.crealm)
	}
	way := t.transited
	if t.flags.Has(flagTransitedChecked) || strings.Trim(way, "\x00") == "" {
		return nil
	}
	for realm := range strings.SplitSeq(way, ",") {
		if !slices.Contains(a.Realms, realm) {
			return refuse(Transited, "the ticket came through the realms %s, and the KDC did not check that way: allow them by --realm", shown(way))
		}
	}
	return nil
}

var errNoReplayCache = errors.New("none was set up")

func (a *Acceptor) checkReplay(req *apReq, t *ticket, now time.Time) error {
	if a.Replay == nil {
		return refuse(ReplayCache, "replay cache").because(errNoReplayCache)
	}
	tag := rcache.Tag(req.authenticator.Cipher, t.session.etype.GetHMACBitLength()/8)
	seen, err := a.Replay.Seen(tag, now)
	switch {
	case err != nil:
		return refuse(ReplayCache, "replay cache").because(err)
	case seen:
		return refuse(Replay, "the token was used before: somebody repeats it, or the client sent one twice")
	}
	return nil
}
