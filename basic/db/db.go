//go:build !nodb

package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"squidauth/basic"
	"squidauth/basic/passhash"
	"squidauth/protocol"
)

// Texts of basic_db_auth.
const (
	textUnknown = "unknown login"
	textFailure = "login failure"
)

// Backend is a table of users and passwords. It may be used from several goroutines.
type Backend struct {
	finder  *finder
	forms   Forms
	hashing *passhash.Queue

	// decoy is the last costly hash that was compared: who is not in the table has
	// to wait for that one.
	decoy atomic.Pointer[passhash.Hash]
}

var _ basic.Backend = (*Backend)(nil)

// Linked says whether this program has the drivers of databases.
const Linked = true

// Open returns the Backend of a table. It does not ask the database: who is not there
// now may be there later. The error says what is impossible in the options.
func Open(opt Options) (*Backend, error) {
	s, err := parseSource(opt.DSN)
	if err != nil {
		return nil, fmt.Errorf("--dsn: %w", err)
	}
	warn(s, opt)
	e, err := newEngine(s, opt)
	if err != nil {
		return nil, fmt.Errorf("--dsn: %w", err)
	}
	query, err := opt.Table.statement(e.dialect())
	if err != nil {
		return nil, err
	}
	opt.Log.Debug("the query is made", "database", e.String(), "query", query)
	connections := opt.Connections
	if connections <= 0 {
		connections = DefaultConnections
	}
	return &Backend{finder: newFinder(e, query, connections), forms: opt.Forms, hashing: passhash.NewQueue()}, nil
}

// warn tells the operator what there is to say about a DSN.
func warn(s source, opt Options) {
	if len(s.ignored) > 0 {
		opt.Log.Warn("attributes of the DSN without a meaning here", "names", strings.Join(s.ignored, ", "))
	}
	if len(PasswordsIn(opt.DSN)) > 0 {
		opt.Log.Warn("the DSN holds a password, which everybody on this machine can read: write it into a file for --password-file")
	}
}

func newEngine(s source, opt Options) (engine, error) {
	switch s.kind {
	case sqliteKind:
		return newSQLite(s)
	case postgresKind:
		return newPostgres(s, opt)
	}
	return newMySQL(s, opt)
}

// Close closes the connections. It is called once nobody is asked any more.
func (b *Backend) Close() error { return b.finder.close() }

// Reload has connections made anew.
func (b *Backend) Reload(context.Context) error {
	b.finder.renew()
	return nil
}

// Authenticate implements basic.Backend. The database compares names in its own way,
// which may let "Bob" match "bob"; the identity is what was asked for.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	name, ok := column(user)
	if !ok {
		return basic.No(basic.IllegalName, textUnknown)
	}
	rows, err := b.finder.find(ctx, name)
	if err != nil {
		return b.failed(ctx, err, password)
	}
	if len(rows) != 1 {
		return b.nobody(ctx, len(rows) > 0, password)
	}
	s, err := b.read(rows[0])
	if err != nil {
		return basic.No(basic.UnusableHash, textFailure).Because(err)
	}
	match, err := s.matches(ctx, b.hashing, password)
	switch {
	case err != nil:
		return basic.Undecided(basic.Overloaded, err)
	case s.costs():
		b.decoy.Store(&s.hash)
	}
	if !match {
		return basic.No(basic.WrongPassword, textFailure)
	}
	return basic.Yes(protocol.Identity{User: user})
}

func (b *Backend) read(row sql.NullString) (stored, error) {
	if !row.Valid {
		return stored{}, errNull
	}
	return b.forms.read(row.String)
}

// nobody refuses a user who has no row, or several. It takes as long as for a user who
// has one.
func (b *Backend) nobody(ctx context.Context, several bool, password protocol.Secret) basic.Verdict {
	if h := b.decoy.Load(); h != nil {
		if _, err := b.hashing.Verify(ctx, *h, []byte(password)); err != nil {
			return basic.Undecided(basic.Overloaded, err)
		}
	}
	if several {
		return basic.No(basic.AmbiguousUser, textFailure)
	}
	return basic.No(basic.NoSuchUser, textUnknown)
}

// column returns a name as it is stored. One that is not UTF-8 is taken for
// ISO 8859-1, which some browsers send. No database can store a NUL.
func column(user string) (string, bool) {
	if strings.Contains(user, "\x00") {
		return "", false
	}
	if utf8.ValidString(user) {
		return user, true
	}
	var out []rune
	for i := range len(user) {
		out = append(out, rune(user[i]))
	}
	return string(out), true
}

// failed says why the database gave no answer.
func (b *Backend) failed(ctx context.Context, err error, password protocol.Secret) basic.Verdict {
	where := b.finder.engine.String()
	switch {
	case errors.Is(err, errSlots):
		return basic.Undecided(basic.Overloaded, fmt.Errorf("%w to %s: it is slow, or --connections too small for so many logins", err, where))
	case errors.As(err, new(errPassword)):
		return basic.Undecided(basic.ServiceAccount, err)
	case ctx.Err() != nil:
		return basic.Undecided(basic.Unavailable, fmt.Errorf("%s did not answer in time: is it stopped, overloaded, locked by a writer, or behind a firewall?", where))
	}
	words := oneLine(b.finder.engine.words(err))
	switch b.finder.engine.fault(err) {
	case faultName:
		return b.nobody(ctx, false, password)
	case faultAccount:
		return basic.Undecided(basic.ServiceAccount, fmt.Errorf("%s does not let this helper in (%s): check --user, --password-file and the database's name", where, words))
	case faultQuery:
		return basic.Undecided(QueryRefused, fmt.Errorf("%s does not take the query (%s): check --table, --usercol, --passwdcol, --cond, and the rights of --user", where, words))
	}
	return basic.Undecided(basic.Unavailable, fmt.Errorf("%s cannot be asked: %s", where, words))
}
