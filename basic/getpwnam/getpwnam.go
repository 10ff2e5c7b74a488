// Package getpwnam checks passwords against the system's accounts: /etc/passwd and
// /etc/shadow, the BSDs' master.passwd, and what the name service switch knows besides.
// It takes the place of Squid's basic_getpwnam_auth.
package getpwnam

import (
	"context"
	"log/slog"
	"time"

	"squidauth/basic"
	"squidauth/basic/passhash"
	"squidauth/protocol"
)

// Texts of basic_getpwnam_auth. It knows no terms of accounts.
const (
	textNoSuchUser    = "No such user"
	textWrongPassword = "Wrong password"
)

// Options of a Backend. Log is needed.
type Options struct {
	// PasswdFile and ShadowFile are of the form of Linux; MasterFile, in place of
	// both, is of the form of the BSDs.
	PasswdFile, ShadowFile, MasterFile string

	// Getent is the path of the program getent, which is asked for users who are not
	// in the files. Empty: there are no others.
	Getent string

	// IgnoreExpiry lets in whose account or password has expired, as
	// basic_getpwnam_auth does.
	IgnoreExpiry bool

	Log *slog.Logger
	Now func() time.Time // the clock; nil means time.Now
}

// Backend knows the system's accounts. It may be used from several goroutines.
type Backend struct {
	files        *files
	nss          *nss // nil: nobody is to be asked
	ignoreExpiry bool
	now          func() time.Time
	queue        *passhash.Queue
}

var _ basic.Revised = (*Backend)(nil)

// Open returns the Backend, which is a basic.Versioned if nobody but files is asked. It
// never fails: a file that cannot be used is logged, and may be usable by the time it is
// asked for.
func Open(opt Options) basic.Backend {
	b := open(opt)
	if b.nss == nil {
		return onlyFiles{b}
	}
	return b
}

func open(opt Options) *Backend {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	b := &Backend{files: openFiles(opt), ignoreExpiry: opt.IgnoreExpiry, now: opt.Now, queue: passhash.NewQueue()}
	if opt.Getent != "" {
		b.nss = newNSS(opt.Getent)
	}
	return b
}

// Reload reads the files again, whether they seem to have changed or not. The error
// says why they cannot be used.
func (b *Backend) Reload(ctx context.Context) error { return b.files.reload(ctx) }

// Revision implements basic.Revised: each content of the files is one.
func (b *Backend) Revision(ctx context.Context) string { return b.files.version(ctx) }

// Authenticate implements basic.Backend. It costs one hash, whether there is such a
// user or not.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	found, f := b.files.find(ctx, user)
	if f == nil && !found.known && b.nss != nil {
		var a account
		a, found.known, f = b.nss.find(ctx, user)
		found.use(a)
	}
	if f != nil {
		return basic.Undecided(f.reason, f.cause)
	}
	match, err := b.queue.Verify(ctx, found.hash, []byte(password))
	switch {
	case err != nil:
		return basic.Undecided(basic.Overloaded, err)
	case !found.known:
		return basic.No(basic.NoSuchUser, textNoSuchUser)
	case found.state == locked:
		return basic.No(basic.AccountDisabled, textWrongPassword)
	case found.state != hashed:
		return basic.No(basic.UnusableHash, textWrongPassword)
	case !match:
		return basic.No(basic.WrongPassword, textWrongPassword)
	}
	if reason, text, over := found.terms.refusal(b.now()); over && !b.ignoreExpiry {
		return basic.No(reason, text)
	}
	return basic.Yes(protocol.Identity{User: user})
}

// onlyFiles is a Backend that asks nobody.
type onlyFiles struct{ *Backend }

var _ basic.Versioned = onlyFiles{}

// Version implements basic.Versioned: each content of the files is one. Accounts that
// expire do so without another.
func (b onlyFiles) Version(ctx context.Context) string { return b.Revision(ctx) }

// failure is why nobody knows whether there is such a user.
type failure struct {
	reason basic.Reason
	cause  error
}

// finding is what is known of a user. Its hash is a decoy unless the user has one.
type finding struct {
	known bool
	state state
	hash  passhash.Hash
	terms terms
}

// use takes over what an account says. The decoy stays if it has no hash.
func (f *finding) use(a account) {
	f.state, f.terms = a.state, a.terms
	if a.state == hashed {
		f.hash = a.hash
	}
}
