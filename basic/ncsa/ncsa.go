// Package ncsa checks passwords against a file in the format of NCSA httpd, which
// htpasswd writes: lines of a user, a colon and a hash. It takes the place of
// Squid's basic_ncsa_auth.
package ncsa

import (
	"context"
	"log/slog"
	"time"

	"squidauth/basic"
	"squidauth/basic/passhash"
	"squidauth/helper/watch"
	"squidauth/protocol"
)

// Texts of basic_ncsa_auth.
const (
	textNoSuchUser    = "No such user"
	textWrongPassword = "Wrong password"
	textTooLong       = "Password too long. Only 8 characters accepted."
)

// Options of a Backend. The zero value of each field but Log is usable.
type Options struct {
	// IgnoreCase lets a name match in any case of the letters A to Z, if none
	// matches exactly and no two differ only by that.
	IgnoreCase bool

	Log *slog.Logger
	Now func() time.Time // the clock; nil means time.Now
}

// Backend is a password file. It is read again when it changes. It may be used
// from several goroutines.
type Backend struct {
	file       *watch.File[table]
	path       string
	log        *slog.Logger
	ignoreCase bool
	queue      *passhash.Queue
}

var _ basic.Versioned = (*Backend)(nil)

// Open returns the Backend of the file at path. It never fails: a file that
// cannot be used is logged, and may be usable by the time it is asked for.
func Open(path string, opt Options) *Backend {
	b := &Backend{path: path, ignoreCase: opt.IgnoreCase, log: opt.Log, queue: passhash.NewQueue()}
	b.file = watch.Open(watch.Config[table]{
		Path: path, Kind: "password file", Make: "create it with htpasswd",
		Parse: parse, Adopted: b.adopted, Log: opt.Log, Now: opt.Now,
	})
	return b
}

// adopted logs what is to be said of a file, once.
func (b *Backend) adopted(old, t *table, again bool) {
	if old != nil && old.key == t.key && !again {
		return
	}
	path := b.path
	b.log.Debug("password file read", "file", path, "users", len(t.users), "usable", len(t.hashes))
	t.notes.Log(b.log, "password file", path)
}

// Reload reads the file again, whether it seems to have changed or not. The error
// says why it cannot be used.
func (b *Backend) Reload(ctx context.Context) error { return b.file.Reload(ctx) }

// Version implements basic.Versioned: each content of the file is one.
func (b *Backend) Version(ctx context.Context) string {
	t, _ := b.file.Current(ctx)
	if t == nil {
		return ""
	}
	return string(t.key[:])
}

// Authenticate implements basic.Backend. It costs one hash, whether there is such
// a user or not.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	t, err := b.file.Current(ctx)
	if t == nil {
		return basic.Undecided(basic.NoPasswordFile, err)
	}
	h, known, usable := t.find(user, b.ignoreCase)
	match, err := b.queue.Verify(ctx, h, []byte(password))
	if err != nil {
		return basic.Undecided(basic.Overloaded, err)
	}
	switch {
	case !known:
		return basic.No(basic.NoSuchUser, textNoSuchUser)
	case !usable:
		return basic.No(basic.UnusableHash, textWrongPassword)
	case !match:
		return basic.No(basic.WrongPassword, textWrongPassword)
	case h.Scheme() == passhash.DES && len(password) > h.Significant():
		return basic.No(basic.PasswordTooLong, textTooLong)
	}
	return basic.Yes(protocol.Identity{User: user})
}
