package kerberos

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
	"golang.org/x/crypto/cryptobyte"

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
	if err := a.permit(req.Ticket.EncPart.EType, "the ticket"); err != nil {
		return nil, err
	}
	t, err := a.openTicket(keys, &req.Ticket)
	if err != nil {
		return nil, err
	}
	if err := a.permit(t.session.key.KeyType, "the ticket's session key"); err != nil {
		return nil, err
	}
	auth, err := readAuthenticator(req, t)
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

// Bits of an AP-REQ's options and of a ticket's flags.
const (
	optionUseSessionKey  = 1
	optionMutualRequired = 2

	flagInvalid          = 7
	flagAnonymous        = 16 // RFC 8062
	flagTransitedChecked = 12
)

// flag reports a bit of KerberosFlags, which may be shorter than it should be.
func flag(bits []byte, i int) bool { return i/8 < len(bits) && bits[i/8]&(0x80>>(i%8)) != 0 }

func readAPReq(b []byte) (*messages.APReq, error) {
	whole := cryptobyte.String(b)
	if !whole.SkipASN1(0x6e) || !whole.Empty() { // [APPLICATION 14], RFC 4120 section 5.5.1
		return nil, refuse(Malformed, "the token holds no AP-REQ")
	}
	var req messages.APReq
	if err := req.Unmarshal(b); err != nil {
		return nil, refuse(Malformed, "the AP-REQ cannot be read").because(err)
	}
	switch {
	case req.PVNO != 5 || req.Ticket.TktVNO != 5:
		return nil, refuse(Malformed, "the AP-REQ is not of Kerberos 5")
	case len(req.Ticket.SName.NameString) == 0:
		return nil, refuse(Malformed, "the ticket names no service")
	case flag(req.APOptions.Bytes, optionUseSessionKey):
		return nil, refuse(UserToUser, "user-to-user authentication is not supported")
	}
	return &req, nil
}

// permit refuses encryption types by policy.
func (a *Acceptor) permit(id int32, what string) error {
	if _, known := enctypeOf(id); !known {
		return refuse(WeakEncryption, "%s is encrypted with %s, which is not supported", what, enctypeName(id))
	}
	if id == etypeID.RC4_HMAC && !a.PermitRC4 {
		return refuse(WeakEncryption, "%s is encrypted with rc4-hmac: give the service account AES keys, or use --permit-rc4", what)
	}
	return nil
}

// readAuthenticator decrypts the authenticator and holds it against the ticket.
// Name and realm both count: the authenticator is made by the client.
func readAuthenticator(req *messages.APReq, t *ticket) (*types.Authenticator, error) {
	plain, err := t.session.decrypt(usageAuthenticator, req.EncryptedAuthenticator.Cipher)
	if err != nil {
		return nil, refuse(BadMatch, "the authenticator does not decrypt with the ticket's session key").because(err)
	}
	var auth types.Authenticator
	if err := auth.Unmarshal(plain); err != nil {
		return nil, refuse(Malformed, "the authenticator cannot be read").because(err)
	}
	if auth.AVNO != 5 || auth.Cusec < 0 || auth.Cusec > 999999 || !wellFormed(auth.Cksum) {
		return nil, refuse(Malformed, "the authenticator is not as RFC 4120 and 4121 say")
	}
	if !auth.CName.Equal(t.CName) || auth.CRealm != t.CRealm {
		return nil, refuse(BadMatch, "the ticket is of %s@%s, the authenticator of %s", principalName(t.CName), t.CRealm,
			printable(principalName(auth.CName)+"@"+auth.CRealm))
	}
	return &auth, nil
}

func (a *Acceptor) skew() time.Duration {
	if a.MaxSkew > 0 {
		return a.MaxSkew
	}
	return DefaultSkew
}

// checkTimes holds the times of ticket and authenticator, and the flags that say
// that a ticket is not good yet, or for nobody, against ours.
func (a *Acceptor) checkTimes(t *ticket, auth *types.Authenticator, now time.Time) error {
	start := t.StartTime
	if start.IsZero() {
		start = t.AuthTime
	}
	ahead := clientTime(auth).Sub(now)
	switch {
	case flag(t.Flags.Bytes, flagAnonymous):
		return refuse(BadName, "the ticket is of an anonymous client")
	case flag(t.Flags.Bytes, flagInvalid):
		return refuse(NotYetValid, "the ticket is marked invalid: it is postdated and was not validated")
	case ahead > a.skew():
		return refuse(ClockSkew, "the client's clock is %v ahead of ours: set both by NTP", ahead.Round(time.Second))
	case ahead < -a.skew():
		return refuse(ClockSkew, "the client's clock is %v behind ours, or the token is that old: set both by NTP", (-ahead).Round(time.Second))
	case start.Sub(now) > a.skew():
		return refuse(NotYetValid, "the ticket is valid only in %v: is our clock right?", start.Sub(now).Round(time.Second))
	case now.Sub(t.EndTime) > a.skew():
		return refuse(Expired, "the ticket expired %v ago", now.Sub(t.EndTime).Round(time.Second))
	}
	return nil
}

func clientTime(auth *types.Authenticator) time.Time {
	return auth.CTime.Add(time.Duration(auth.Cusec) * time.Microsecond)
}

// checkRealms lets in clients of the allowed realms, by a way that the KDC has
// checked or that leads through allowed realms only (RFC 4120 section 2.7).
func (a *Acceptor) checkRealms(t *ticket) error {
	if len(a.Realms) > 0 && !slices.Contains(a.Realms, t.CRealm) {
		return refuse(ForeignRealm, "the client is of realm %s, which is not allowed", t.CRealm)
	}
	way := string(t.Transited.Contents)
	if flag(t.Flags.Bytes, flagTransitedChecked) || strings.Trim(way, "\x00") == "" {
		return nil
	}
	for realm := range strings.SplitSeq(way, ",") {
		if !slices.Contains(a.Realms, realm) {
			return refuse(Transited, "the ticket came through the realms %s, and the KDC did not check that way: allow them by --realm", printable(way))
		}
	}
	return nil
}

var errNoReplayCache = errors.New("none was set up")

func (a *Acceptor) checkReplay(req *messages.APReq, t *ticket, now time.Time) error {
	if a.Replay == nil {
		return refuse(ReplayCache, "replay cache").because(errNoReplayCache)
	}
	tag := rcache.Tag(req.EncryptedAuthenticator.Cipher, t.session.etype.GetHMACBitLength()/8)
	seen, err := a.Replay.Seen(tag, now)
	switch {
	case err != nil:
		return refuse(ReplayCache, "replay cache").because(err)
	case seen:
		return refuse(Replay, "the token was used before: somebody repeats it, or the client sent one twice")
	}
	return nil
}
