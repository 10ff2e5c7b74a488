// Package kerberos checks passwords by asking a KDC for a ticket (RFC 4120 section
// 3.1), and the KDC by a ticket for the proxy itself, which only the real one can make:
// it must open with a key of the proxy's keytab. Whoever answers in the KDC's place
// could otherwise let in whom he likes.
//
// A KDC is sent one guess for each login, since it counts them and locks the account.
package kerberos

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"squidauth/basic"
	"squidauth/helper/identity"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/negotiate/rcache"
	"squidauth/protocol"
)

// Options of a Backend.
type Options struct {
	Names     Names  // how users may call themselves
	Service   string // principal whose ticket proves the KDC, with or without realm; empty: as Keyring.Service chooses
	PermitRC4 bool   // accept rc4-hmac, for the keys of users and of the service

	// FAST is the principal of the keytab, with realm, whose ticket protects logins
	// (RFC 6113). It is of the one realm of Names. Empty: they are not protected.
	FAST string

	KDCs   *kdc.Realms
	Keytab *negotiate.Keytab

	Accounts identity.Names // how users are called in the log
	Groups   identity.Groups

	Log *slog.Logger
	Now func() time.Time
}

// Backend asks the KDCs of realms. It may be used from several goroutines.
type Backend struct {
	opt      Options
	enctypes []int32
	acceptor *kerberos.Acceptor
	armory   *armory // nil: logins are not protected

	// stretching holds a token per key that is being made of a password: one per
	// processor. More would not be faster.
	stretching chan struct{}
}

var _ basic.Backend = (*Backend)(nil)

// New returns the Backend. It asks nobody yet.
func New(opt Options) *Backend {
	b := &Backend{opt: opt, enctypes: initiator.Enctypes(opt.PermitRC4), stretching: make(chan struct{}, runtime.GOMAXPROCS(0))}
	b.acceptor = &kerberos.Acceptor{
		Keys:      opt.Keytab.Keys,
		Newer:     opt.Keytab.Newer,
		Realms:    opt.Names.Realms,
		PermitRC4: opt.PermitRC4,
		Replay:    rcache.None{}, // each ticket is used once, here
		Now:       opt.Now,
		Rand:      rand.Reader,
	}
	if opt.FAST != "" {
		b.armory = newArmory(b, opt.FAST)
	}
	if opt.Service != "" {
		b.acceptor.SPNs = []string{opt.Service}
	}
	return b
}

// Reload reads keytab and krb5.conf again. The error says what cannot be used.
func (b *Backend) Reload(ctx context.Context) error {
	return errors.Join(b.opt.Keytab.Reload(ctx), b.opt.KDCs.Reload())
}

// Authenticate implements basic.Backend.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	client, ok := b.opt.Names.principal(user)
	if !ok {
		return basic.No(basic.IllegalName, textNoSuchUser)
	}
	verdict, err := b.authenticate(ctx, client, password)
	if err != nil {
		return verdictOf(err)
	}
	return verdict
}

func (b *Backend) authenticate(ctx context.Context, client initiator.Principal, password protocol.Secret) (basic.Verdict, error) {
	service, err := b.service(ctx) // first: without it a guess would be for nothing
	if err != nil {
		return basic.Verdict{}, err
	}
	l := login{Backend: b, client: client, password: password}
	tgt, err := l.grantingTicket(ctx)
	if err != nil {
		return basic.Verdict{}, err
	}
	ticket, err := b.opt.KDCs.ServiceTicket(ctx, tgt, service)
	if err != nil {
		return basic.Verdict{}, noTicket(err, client, service, b.opt.Now())
	}
	c, err := b.verify(ctx, ticket, client)
	if err != nil {
		return basic.Verdict{}, err
	}
	return b.admit(ctx, c, client)
}

// service returns whom the ticket is to be for that proves the KDC.
func (b *Backend) service(ctx context.Context) (initiator.Principal, error) {
	keys, err := b.opt.Keytab.Keys(ctx)
	if err != nil {
		return initiator.Principal{}, &fault{reason: NoKeytab, cause: err}
	}
	name := keys.Service(b.opt.Service)
	if name == "" {
		return initiator.Principal{}, faultf(NoKeytab, "the keytab has no key of %s; it has %s", b.opt.Service, keys.Describe())
	}
	p, err := initiator.ParsePrincipal(name, "")
	if err != nil {
		return initiator.Principal{}, faultf(NoKeytab, "the keytab's principal %w", err)
	}
	return p, nil
}

// verify opens the ticket with the keytab. It must be of the client: a KDC that is
// none, or somebody in between, may know the password of another one.
func (b *Backend) verify(ctx context.Context, ticket initiator.Credential, client initiator.Principal) (*kerberos.Context, error) {
	token, err := ticket.Token(b.opt.Now(), initiator.Style{Raw: true})
	if err != nil {
		return nil, &fault{reason: BadAnswer, cause: err}
	}
	step, err := negotiate.NewHandshake(b.acceptor).Next(ctx, token)
	switch c := step.Context; {
	case err != nil:
		return nil, unverified(err, ticket)
	case c == nil || !slices.Equal([]string{c.CName}, client.Name) || c.Realm != client.Realm:
		return nil, faultf(Unverified, "the ticket for the proxy is of another client than %s: somebody changes messages to or from the KDC", client)
	default:
		return c, nil
	}
}

// admit decides by what the ticket says of its client.
func (b *Backend) admit(ctx context.Context, c *kerberos.Context, asked initiator.Principal) (basic.Verdict, error) {
	client := negotiate.ClientOf(c, b.opt.Names.Realms)
	if !isName(client.Account, asked.Name[0]) {
		return basic.Verdict{}, &denial{basic.OtherName, textNoSuchUser, fmt.Errorf("the directory calls the account %q, and this is the name that counts", client.Account.SAM)}
	}
	user := b.opt.Accounts.Of(client.Account)
	if client.Problem != nil && b.opt.Groups.Wanted() {
		b.opt.Log.Warn("the ticket's groups are not used, or not all", "user", user, "problem", client.Problem.Error())
	}
	groups, admitted, err := b.opt.Groups.Admit(ctx, client.Groups)
	switch {
	case err != nil:
		return basic.Verdict{}, &fault{reason: GroupUnknown, cause: err}
	case !admitted:
		return basic.Verdict{}, &denial{reason: basic.NotInGroup, text: textNotInGroup}
	}
	if groups.LeftOut > 0 {
		b.opt.Log.Warn("not all groups fit into the reply", "user", user, "left_out", groups.LeftOut)
	}
	return basic.Yes(protocol.Identity{User: user}, groups.Pairs...), nil
}
