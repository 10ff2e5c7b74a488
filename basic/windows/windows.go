// Package windows checks passwords with the domain controllers of Active Directory, as
// a file server does: it computes what a client of NTLMv2 would answer to a challenge
// ([MS-NLMP] section 3.3.2), and has that verified over Netlogon. The password does not
// leave this machine.
//
// A domain controller is sent one logon for each login, since it counts wrong passwords
// and locks the account.
package windows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"

	"squidauth/basic"
	"squidauth/helper/identity"
	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
	"squidauth/protocol"
)

// Options of a Backend.
type Options struct {
	Verifier ntlm.Verifier // also asked to read its files again, if it can
	Computer string        // NetBIOS name of this machine, as the Verifier knows it
	Domain   string        // NetBIOS name of the domain that this machine is in

	Names       Names     // how users may call themselves
	Allow, Deny *UserList // nil: everybody, nobody

	Accounts identity.Names // how users are called in the log
	Groups   identity.Groups

	Log  *slog.Logger
	Now  func() time.Time
	Rand io.Reader
}

// Backend asks a domain. It may be used from several goroutines.
type Backend struct{ opt Options }

var _ basic.Revised = (*Backend)(nil)

// New returns the Backend. It asks nobody yet.
func New(opt Options) *Backend { return &Backend{opt} }

// Reasons next to those of package basic and of the Verifier.
const (
	NoUserList   basic.Reason = "no-user-list"
	NoRandom     basic.Reason = "no-random-numbers"
	GroupUnknown basic.Reason = "required-group-unknown" // the directory could not be asked for it
)

// textRefused is what the programs tell of a refusal in whose place this stands:
// nothing.
const textRefused = ""

var errNotText = errors.New("the password is not UTF-8, and nobody was asked: with --retry-charset it is converted")

// Reload reads again what the Backend depends on. The error says what cannot be used.
func (b *Backend) Reload(ctx context.Context) error {
	var failed []error
	if r, ok := b.opt.Verifier.(interface{ Reload(context.Context) error }); ok {
		failed = append(failed, r.Reload(ctx))
	}
	return errors.Join(append(failed, b.opt.Allow.reload(ctx), b.opt.Deny.reload(ctx))...)
}

// Revision implements basic.Revised: each content of the lists of users is one.
func (b *Backend) Revision(ctx context.Context) string {
	return b.opt.Allow.version(ctx) + b.opt.Deny.version(ctx)
}

// Close closes the connections to domain controllers.
func (b *Backend) Close() error {
	if c, ok := b.opt.Verifier.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Authenticate implements basic.Backend.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	n, ok := b.opt.Names.read(user)
	switch {
	case !ok:
		return basic.No(basic.IllegalName, textRefused)
	case !utf8.ValidString(string(password)): // which Windows stores as UTF-16
		return basic.No(basic.WrongPassword, textRefused).Because(errNotText)
	}
	if n.domain != "" { // else the account's own name is not known yet
		if v, ok := b.listed(ctx, n); !ok {
			return v
		}
	}
	logon, err := b.logon(n, string(password))
	if err != nil {
		return basic.Undecided(NoRandom, err)
	}
	v := b.opt.Verifier.Verify(ctx, logon)
	switch a := v.Account(); {
	case a != nil:
		return b.admit(ctx, n, a)
	case v.IsNo():
		return basic.No(basic.Reason(v.Reason()), textRefused).Because(explanation(v))
	case v.IsUnanswered():
		return basic.Unanswered(basic.Reason(v.Reason()), v.Cause())
	}
	return basic.Undecided(basic.Reason(v.Reason()), v.Cause())
}

// explanation returns what the domain says of a refusal that the reason does not.
func explanation(v ntlm.Verdict) error {
	switch v.Reason() {
	case ntlm.WrongPassword, ntlm.NoSuchUser:
		return nil
	}
	return v.Cause()
}

// listed says whether the lists of users admit one, and what to answer if not.
func (b *Backend) listed(ctx context.Context, n name) (basic.Verdict, bool) {
	denied, err := b.opt.Deny.has(ctx, n)
	if err != nil {
		return basic.Undecided(NoUserList, err), false
	}
	if denied {
		return basic.No(basic.DeniedUser, textRefused), false
	}
	empty, err := b.opt.Allow.isEmpty(ctx)
	if err != nil {
		return basic.Undecided(NoUserList, err), false
	}
	if allowed, _ := b.opt.Allow.has(ctx, n); !allowed && !empty {
		return basic.No(basic.NotListed, textRefused), false
	}
	return basic.Verdict{}, true
}

// admit decides by what the domain says of the account.
func (b *Backend) admit(ctx context.Context, n name, a *ntlm.Account) basic.Verdict {
	if !n.isOf(a.Account) {
		return basic.No(basic.OtherName, textRefused).Because(fmt.Errorf("the domain calls the account %q, of %q, and this is the name that counts", a.Name, a.Domain))
	}
	if v, ok := b.listed(ctx, name{a.Name, a.Domain}); !ok {
		return v
	}
	user := b.opt.Accounts.Of(a.Account)
	groups, admitted, err := b.opt.Groups.Admit(ctx, identity.Membership{Own: a.Own, SIDs: a.Groups})
	switch {
	case err != nil:
		return basic.Undecided(GroupUnknown, err)
	case !admitted:
		return basic.No(basic.NotInGroup, textRefused)
	}
	if groups.LeftOut > 0 {
		b.opt.Log.Warn("not all groups fit into the reply", "user", user, "left_out", groups.LeftOut)
	}
	return basic.Yes(protocol.Identity{User: user}, groups.Pairs...)
}

// logon answers a challenge of our own as a client of NTLMv2 does that is told the
// server's time: without an LMv2 response ([MS-NLMP] section 3.1.5.1.2).
func (b *Backend) logon(n name, password string) (*ntlm.Logon, error) {
	l := &ntlm.Logon{Domain: n.domain, User: n.user, Workstation: b.opt.Computer, LMResponse: make([]byte, 24)}
	var client [8]byte
	if _, err := io.ReadFull(b.opt.Rand, l.Challenge[:]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(b.opt.Rand, client[:]); err != nil {
		return nil, err
	}
	now := b.opt.Now()
	blob := ntlmssp.Blob(ntlmssp.FileTime(now), client, ntlmssp.AVPairs{
		ntlmssp.Name(ntlmssp.AvNbDomainName, b.opt.Domain),
		ntlmssp.Name(ntlmssp.AvNbComputerName, b.opt.Computer),
		ntlmssp.Timestamp(now),
	})
	key := ntlmssp.NTOWFv1(password).NTOWFv2(n.user, n.domain)
	proof := key.NTProof(l.Challenge, blob)
	l.NTResponse = append(proof[:], blob...)
	return l, nil
}
