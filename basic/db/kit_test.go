//go:build !nodb

package db

import (
	"database/sql"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

// users is a table with a user for each form of stored password; the password is
// always "secret".
const users = `
CREATE TABLE passwd (user TEXT, password, enabled INTEGER DEFAULT 1);
INSERT INTO passwd (user, password) VALUES
	('plain', 'secret'),
	('md5', '5ebe2294ecd0e0f08eab7690d2a6ee69'),
	('sha1', 'e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4'),
	('des', 'abNANd1rDfiNc'),
	('crypt', '$5$salt$kpa26zwgX83BPSR8d7w93OIXbFt/d3UOTZaAu5vsTM6'),
	('joomla', '175f352dfaefb7086c066a36e69be09c:pepper'),
	('null', NULL),
	('empty', ''),
	('number', 4711),
	('blob', x'736563726574'),
	('twice', 'secret'),
	('twice', 'secret'),
	('jürgen', 'secret');
INSERT INTO passwd VALUES ('off', 'secret', 0);
`

// makeSQLite makes a file of SQLite and returns its path.
func makeSQLite(t testing.TB, script string) string {
	t.Helper()
	dir := t.TempDir()
	plain, odd := filepath.Join(dir, "plain.db"), filepath.Join(dir, "users %41?#.db") // which must arrive as it is
	writeSQLite(t, plain, script)
	if err := os.Rename(plain, odd); err != nil {
		t.Fatal(err)
	}
	return odd
}

// writeSQLite runs SQL on a file of SQLite.
func writeSQLite(t testing.TB, path, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), script); err != nil {
		t.Fatal(err)
	}
}

// openSQLite opens the table of users, with what the options say beyond that.
func openSQLite(t testing.TB, opt Options) *Backend {
	t.Helper()
	if opt.DSN == "" {
		opt.DSN = "sqlite:" + makeSQLite(t, users)
	}
	return open(t, opt)
}

func open(t testing.TB, opt Options) *Backend {
	t.Helper()
	if opt.Table == (Table{}) {
		opt.Table = Table{Name: "passwd", User: "user", Password: "password", Condition: "enabled = 1"}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	b, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.finder.renew)
	return b
}

// lockSQLite begins to write into the file, until the function is called.
func lockSQLite(t testing.TB, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return func() {
		if _, err := db.ExecContext(t.Context(), "COMMIT"); err != nil {
			t.Error(err)
		}
	}
}
