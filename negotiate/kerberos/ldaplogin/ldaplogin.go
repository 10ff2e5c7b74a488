// Package ldaplogin logs connections to LDAP servers in with the key of an account,
// by the SASL mechanism GSSAPI (RFC 4752): over TLS with its channel's bindings, and
// without it behind a layer that seals all that follows.
package ldaplogin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/watch"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/ntlm/machine/gss"
)

const (
	// refusedFor is how long a key that the KDC refused is not tried again: that might
	// lock the account.
	refusedFor = 5 * time.Minute

	// maxTickets bounds those that are kept, and renewBefore is how long before its end
	// one is not used any more.
	maxTickets  = 32
	renewBefore = 5 * time.Minute
)

// Options of a Login.
type Options struct {
	Keytab    string // the file with the account's keys
	Principal string // the account; empty: the keytab's first
	Domain    string // DNS name of Active Directory's domain; empty: it is none

	Lookup func(string) (string, bool) // os.LookupEnv
	Log    *slog.Logger
	Now    func() time.Time // nil means time.Now
}

// Login is an account. It may be used from several goroutines.
type Login struct {
	opt     Options
	keytab  *watch.File[[]initiator.ServiceKey]
	account *kdc.Account

	mu      sync.Mutex // guards what follows
	tickets map[string]initiator.Credential
	refused initiator.ServiceKey // the key that was refused last
	until   time.Time
	why     error
}

var _ ldapconn.Login = (*Login)(nil)

// Open returns the Login of a keytab, which is read again when it changes. A keytab
// that cannot be read is no error: it may be by the time that it is needed.
func Open(opt Options) (*Login, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	l := &Login{opt: opt, tickets: make(map[string]initiator.Credential)}
	var err error
	if l.account, err = kdc.ForAccount(opt.Lookup, l.key, l.refuse, opt.Now); err != nil {
		return nil, err
	}
	l.keytab = watch.Open(watch.Config[[]initiator.ServiceKey]{
		Path: opt.Keytab, Kind: "keytab of the service account", Make: "make it with ktutil, ktpass, msktutil or 'ntlm join'",
		Without: "the directory cannot be asked until that is mended", Log: opt.Log, Parse: l.parse,
	})
	return l, nil
}

// parse reads a keytab. Its errors complete "the file …".
func (l *Login) parse(content []byte) (*[]initiator.ServiceKey, error) {
	keys, err := initiator.ParseKeytab(content)
	if err == nil {
		_, err = choose(keys, l.opt.Principal)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be used: %w", err)
	}
	return &keys, nil
}

// choose returns the best key of the principal, or of the keytab's first.
func choose(keys []initiator.ServiceKey, principal string) (initiator.ServiceKey, error) {
	if principal == "" {
		principal = keys[0].Principal.String()
	}
	return initiator.Choose(keys, principal)
}

// key returns the account's key, unless that was refused of late.
func (l *Login) key(ctx context.Context) (initiator.ServiceKey, error) {
	keys, err := l.keytab.Current(ctx)
	if keys == nil {
		return initiator.ServiceKey{}, err
	}
	k, err := choose(*keys, l.opt.Principal)
	if err != nil {
		return initiator.ServiceKey{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.until.Sub(l.opt.Now())
	if left > 0 && left <= refusedFor && k.String() == l.refused.String() && string(k.Key.KeyValue) == string(l.refused.Key.KeyValue) {
		return initiator.ServiceKey{}, l.why
	}
	return k, nil
}

// refuse notes that the KDC refused a key, and why.
func (l *Login) refuse(k initiator.ServiceKey, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused, l.until, l.why = k, l.opt.Now().Add(refusedFor), why
}

// Over implements ldapconn.Login.
func (*Login) Over(c net.Conn) net.Conn { return gss.NewConn(c) }

var errNoName = errors.New("a ticket is for a server's name: give its name in --url, not its address")

// Bind implements ldapconn.Login.
func (l *Login) Bind(x ldapconn.Exchange, over net.Conn, ticket any) error {
	s := &gss.SASL{Ticket: ticket.(initiator.Credential), Now: l.opt.Now()}
	state := x.TLS()
	switch {
	case state == nil:
		s.Sealed = true
	case len(state.PeerCertificates) > 0:
		s.Bindings = gss.ServerEndPoint(state.PeerCertificates[0])
	}
	if err := logIn(x, s); err != nil {
		return withAdvice(err, state != nil)
	}
	if s.Sealed {
		over.(*gss.Conn).Protect(s)
	}
	return nil
}

var errOrder = errors.New("its answers to the ticket are not in the order of the mechanism")

// logIn says what the mechanism has to say, which is good only if the server agrees
// when it ends.
func logIn(x ldapconn.Exchange, s *gss.SASL) error {
	var challenge []byte
	for {
		response, last, err := s.Next(challenge)
		if err != nil {
			return err
		}
		said, done, err := x.Step(gss.Mechanism, response)
		switch {
		case err != nil:
			return err
		case done != last:
			return errOrder
		case done:
			return nil
		}
		challenge = said
	}
}

// withAdvice says what to do about a server that wants the layer over TLS as well, which
// Active Directory does not permit.
func withAdvice(err error, protected bool) error {
	if !protected || !ldap.IsErrorWithCode(err, ldap.LDAPResultStrongAuthRequired) {
		return err
	}
	return ldap.NewError(ldap.LDAPResultStrongAuthRequired, fmt.Errorf("a ticket over TLS is not enough for it: Samba before 4.21 needs 'ldap server require strong auth = allow_sasl_over_tls', or else use --bind-dn; %w", err))
}

// Ticket implements ldapconn.Login.
func (l *Login) Ticket(ctx context.Context, host string) (any, error) {
	host = strings.ToLower(host)
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return nil, errNoName
	}
	if t, ok := l.kept(host); ok {
		return t, nil
	}
	k, err := l.key(ctx)
	if err == nil {
		var t initiator.Credential
		if t, err = l.newTicket(ctx, k, host); err == nil {
			l.keep(host, t)
			return t, nil
		}
	}
	if errors.Is(err, kdc.ErrAccount) {
		return nil, ldapconn.Refused(err)
	}
	return nil, err
}

// newTicket asks the KDC. With Active Directory it is for a name that only controllers
// of the domain have, if the host has such a name.
func (l *Login) newTicket(ctx context.Context, k initiator.ServiceKey, host string) (initiator.Credential, error) {
	realm := k.Principal.Realm
	if l.opt.Domain != "" {
		t, err := l.account.ServiceTicket(ctx, initiator.Principal{Name: []string{"ldap", host, l.opt.Domain}, Realm: realm})
		if !errors.Is(err, kdc.ErrUnknownService) {
			return t, err
		}
	}
	t, err := l.account.ServiceTicket(ctx, initiator.Principal{Name: []string{"ldap", host}, Realm: realm})
	if errors.Is(err, kdc.ErrUnknownService) {
		err = fmt.Errorf("the KDC of %s knows no service ldap/%s: give the server's full name in --url", realm, host)
	}
	return t, err
}

func (l *Login) kept(host string) (initiator.Credential, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := l.tickets[host]
	return t, ok && l.opt.Now().Add(renewBefore).Before(t.EndTime)
}

func (l *Login) keep(host string, t initiator.Credential) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tickets) >= maxTickets {
		clear(l.tickets)
	}
	l.tickets[host] = t
}
