// Package db checks passwords against a table of PostgreSQL, MySQL, MariaDB or SQLite.
// It takes the place of Squid's basic_db_auth.
//
// With the build tag nodb it has no drivers: what is possible is checked then, and
// nobody is let in.
package db

import (
	"errors"
	"log/slog"

	"squidauth/basic"
	"squidauth/helper/secret"
)

// QueryRefused is the reason for an answer that is undecided because the database does
// not take the query.
const QueryRefused basic.Reason = "query-refused"

// Options of a Backend. The zero value of each field but DSN, Table and Log is usable.
type Options struct {
	// DSN names the database: a URL, the path of a file of SQLite, or a DSN of Perl's
	// DBI for mysql, MariaDB, Pg or SQLite.
	DSN string

	// User and Password are the helper's own for the database's server. They come
	// before those of the DSN.
	User     string
	Password *secret.Source

	TLS TLSMode
	CA  string // path of a file of CAs in PEM, for servers; empty: the system's

	Table Table
	Forms Forms

	// Connections bounds those to the database; 0 means DefaultConnections.
	Connections int

	Log *slog.Logger
}

// DefaultConnections is enough for thousands of logins per second, and few enough for
// a server that many helpers ask.
const DefaultConnections = 4

// Forms are the stored forms of passwords that are accepted besides those of
// crypt(3), {SHA} and {SSHA}.
type Forms struct {
	Plaintext bool // the password itself
	MD5       bool // its MD5 sum in lower-case hexadecimal
	SHA1      bool // its SHA-1 sum in lower-case hexadecimal

	// Joomla is the MD5 sum of password and salt, a colon, and the salt. It excludes
	// the others: that text would be a password in clear.
	Joomla bool
}

// TLSMode says how connections to servers are protected. Those over Unix sockets are
// not.
type TLSMode string

// The TLS modes.
const (
	TLSDefault TLSMode = ""       // what the DSN says, or TLSVerify with a CA, or TLSPrefer
	TLSOff     TLSMode = "off"    //
	TLSPrefer  TLSMode = "prefer" // if the server can; its certificate is not checked
	TLSVerify  TLSMode = "verify" // with a certificate of a known CA, for the server's name
)

// ParseTLSMode reads a TLSMode other than TLSDefault.
func ParseTLSMode(word string) (TLSMode, error) {
	switch m := TLSMode(word); m {
	case TLSOff, TLSPrefer, TLSVerify:
		return m, nil
	}
	return TLSDefault, errors.New("is none of off, prefer, verify")
}
