// Package ldap checks passwords against directory servers that speak LDAP (RFC 4511):
// by logging in as the user, or by comparing an attribute. It takes the place of
// Squid's basic_ldap_auth, and knows Active Directory.
//
// One login is one bind at most: servers count wrong passwords, and lock accounts.
package ldap

import (
	"context"
	"log/slog"

	"squidauth/basic"
	"squidauth/helper/directory/ldapconn"
	"squidauth/protocol"
)

// Texts of basic_ldap_auth, which has one for whatever is wrong with a login.
const (
	textRefused = "Invalid credentials"
	textName    = "Invalid username"
)

// Reasons of this package.
const (
	Misconfigured basic.Reason = "directory-refuses-request" // a search or a bind as the options make it
)

// Options of a Backend.
type Options struct {
	// Servers are asked in the name of the service account, or of nobody. Users are
	// logged in on other connections.
	Servers *ldapconn.Pool

	// Account says who the directory's user is of that name; one of Find, Make and
	// Domain.
	Account Account

	// Compare is the attribute that holds the password, which is then compared in
	// the name of the service account; empty: the user is logged in.
	Compare string

	// Groups looks at the groups of a user; nil: they do not matter.
	Groups Groups

	// AdmitMustChange lets in who must change the password before anything else.
	AdmitMustChange bool

	Log *slog.Logger
}

// Account finds users in the directory.
type Account interface {
	// bindName returns what the user is logged in by: a DN, or what else the servers
	// take. If there is no such user, or that cannot be told, it returns a verdict.
	bindName(ctx context.Context, servers *ldapconn.Pool, user string) (string, *basic.Verdict)
}

// Groups decides by a user's groups.
type Groups interface {
	// admit returns whether the user may come in, with annotations. session is nil
	// when nobody was logged in.
	admit(ctx context.Context, u entrant) basic.Verdict
}

// entrant is a user whose password is right.
type entrant struct {
	user    string // as Squid has it
	name    string // that the account was logged in by
	session *ldapconn.Session
	servers *ldapconn.Pool
}

// Backend asks directory servers. It may be used from several goroutines.
type Backend struct {
	opt   Options
	users *ldapconn.Pool
}

var _ basic.Namer = (*Backend)(nil)

// New returns a Backend, which has asked nothing yet.
func New(opt Options) *Backend { return &Backend{opt: opt, users: opt.Servers.ForUsers()} }

// Authenticate implements basic.Backend.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	switch {
	case !isName(user):
		return basic.No(basic.IllegalName, textName)
	case !isPassword(password):
		return basic.No(basic.WrongPassword, textRefused)
	}
	bindName, verdict := b.opt.Account.bindName(ctx, b.opt.Servers, user)
	if verdict != nil {
		return *verdict
	}
	u := entrant{user: user, name: bindName, servers: b.opt.Servers}
	if b.opt.Compare != "" {
		return b.compare(ctx, u, password)
	}
	return b.bind(ctx, u, password)
}

// Account implements basic.Namer: Active Directory takes several names for one account.
func (b *Backend) Account(user string) string {
	if _, ok := b.opt.Account.(*Domain); ok {
		return withoutDomain(user)
	}
	return user
}

// compare asks whether the user's entry has the password.
func (b *Backend) compare(ctx context.Context, u entrant, password protocol.Secret) basic.Verdict {
	match, err := b.opt.Servers.Compare(ctx, u.name, b.opt.Compare, password)
	switch {
	case err != nil:
		return compareFailed(err)
	case !match:
		return basic.No(basic.WrongPassword, textRefused)
	}
	return b.admit(ctx, u)
}

// bind logs the user in. The groups are looked at while the connection is the user's.
func (b *Backend) bind(ctx context.Context, u entrant, password protocol.Secret) basic.Verdict {
	var verdict basic.Verdict
	answer, err := b.users.Bind(ctx, u.name, password, func(s *ldapconn.Session) error {
		u.session = s
		verdict = b.admit(ctx, u)
		return nil
	})
	switch {
	case err != nil:
		return undecided(err)
	case answer.Code != 0:
		return refused(answer)
	}
	b.tellPolicy(u.user, answer.Policy)
	if answer.Policy.Error == ldapconn.ChangeAfterReset && !b.opt.AdmitMustChange {
		return basic.No(basic.PasswordMustChange, "Password must be changed")
	}
	return verdict
}

func (b *Backend) admit(ctx context.Context, u entrant) basic.Verdict {
	if b.opt.Groups == nil {
		return basic.Yes(protocol.Identity{User: u.user})
	}
	return b.opt.Groups.admit(ctx, u)
}

// tellPolicy logs what the user would have to know, and Squid cannot say.
func (b *Backend) tellPolicy(user string, p ldapconn.Policy) {
	switch {
	case p.Error == ldapconn.ChangeAfterReset:
		b.opt.Log.Warn("the user must change the password", "user", user)
	case p.Grace >= 0:
		b.opt.Log.Warn("the user's password has expired, and will be refused soon", "user", user, "logins_left", p.Grace)
	case p.Expires >= 0:
		b.opt.Log.Info("the user's password expires soon", "user", user, "in", p.Expires.String())
	}
}
