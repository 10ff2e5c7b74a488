//go:build !nodb

package db

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/helper/secret"
	"squidauth/protocol"
)

// TestForms tries each stored form with each set of options.
func TestForms(t *testing.T) {
	for name, c := range map[string]struct {
		forms Forms
		in    string // who gets in with "secret"
	}{
		"none":      {Forms{}, "des crypt"},
		"plaintext": {Forms{Plaintext: true}, "des crypt plain blob jürgen"},
		"md5":       {Forms{MD5: true}, "des crypt md5"},
		"sha1":      {Forms{SHA1: true}, "des crypt sha1"},
		"all three": {Forms{Plaintext: true, MD5: true, SHA1: true}, "des crypt plain blob jürgen md5 sha1"},
		"joomla":    {Forms{Joomla: true, Plaintext: true, MD5: true, SHA1: true}, "des crypt joomla"},
	} {
		b := openSQLite(t, Options{Forms: c.forms})
		for _, user := range []string{"plain", "md5", "sha1", "des", "crypt", "joomla", "blob", "jürgen", "null", "empty", "number", "twice", "off", "eve"} {
			want := strings.Contains(" "+c.in+" ", " "+user+" ")
			v := b.Authenticate(t.Context(), user, "secret")
			switch got := v.Outcome(); {
			case want != (got == protocol.Accepted), !want && got != protocol.Denied:
				t.Errorf("%s: %s: %v, %v", name, user, v.Reason(), v.Cause())
			case want && v.Identity() != protocol.Identity{User: user}:
				t.Errorf("%s: %s: accepted as %v", name, user, v.Identity())
			}
			if v := b.Authenticate(t.Context(), user, "guess"); v.Outcome() != protocol.Denied {
				t.Errorf("%s: %s with another password: %v", name, user, v.Reason())
			}
		}
	}
}

// TestReasons is what the log says of those who are refused.
func TestReasons(t *testing.T) {
	b := openSQLite(t, Options{Forms: Forms{Plaintext: true}})
	for _, c := range []struct {
		user   string
		reason basic.Reason
	}{
		{"plain", basic.WrongPassword}, {"des", basic.WrongPassword}, {"eve", basic.NoSuchUser}, {"off", basic.NoSuchUser},
		{"null", basic.UnusableHash}, {"empty", basic.UnusableHash}, {"twice", basic.AmbiguousUser},
		{"a\x00", basic.IllegalName}, {"plain\x00", basic.IllegalName}, {"PLAIN", basic.NoSuchUser}, {"plain ", basic.NoSuchUser},
	} {
		if v := b.Authenticate(t.Context(), c.user, "guess"); v.Reason() != c.reason || v.Outcome() != protocol.Denied {
			t.Errorf("%q: %v, want %v", c.user, v.Reason(), c.reason)
		}
	}
	if v := b.Authenticate(t.Context(), "number", "4711"); v.Outcome() != protocol.Accepted {
		t.Errorf("number: %v", v.Reason())
	}
}

// TestNames: a name is UTF-8, or else taken for ISO 8859-1; the identity is what was
// asked for.
func TestNames(t *testing.T) {
	b := openSQLite(t, Options{Forms: Forms{Plaintext: true}})
	for _, user := range []string{"jürgen", "j\xfcrgen"} {
		v := b.Authenticate(t.Context(), user, "secret")
		if v.Identity() != (protocol.Identity{User: user}) {
			t.Errorf("%q: %v as %v", user, v.Reason(), v.Identity())
		}
	}
}

// TestInjection: a user's name is never SQL. Every one of them is somebody whom the
// table does not know, and the table is there afterwards.
func TestInjection(t *testing.T) {
	b := openSQLite(t, Options{Forms: Forms{Plaintext: true}})
	for _, user := range []string{
		"' OR '1'='1", "' OR 1=1 --", "plain' --", "plain'/*", `" OR ""="`, "` OR 1=1", "'; DROP TABLE passwd; --",
		"' UNION SELECT 'secret", "' UNION SELECT 'secret' --", "\\' OR 1=1 --", "\xbf' OR 1=1 --", "%' OR user LIKE '%", "%", "_____",
		"plain' AND '1'='1", "' OR user='plain", "$1", "?", ":1", "plain\\", "') OR ('1'='1", "1 OR 1=1", "user", "rowid", "NULL",
		"plain;", "plain\nplain", strings.Repeat("'", 4000),
	} {
		for _, password := range []protocol.Secret{"secret", "' OR '1'='1", "password"} {
			if v := b.Authenticate(t.Context(), user, password); v.Reason() != basic.NoSuchUser {
				t.Errorf("%q: %v %v", user, v.Reason(), v.Cause())
			}
		}
	}
	if v := b.Authenticate(t.Context(), "plain", "secret"); v.Outcome() != protocol.Accepted {
		t.Errorf("afterwards: %v", v.Cause())
	}
}

// TestCondition: a condition is the administrator's SQL, but it cannot reach the rows
// of others.
func TestCondition(t *testing.T) {
	for _, c := range []struct {
		cond string
		user string
		want basic.Reason
	}{
		{"", "off", basic.Authenticated},
		{"1", "off", basic.Authenticated},
		{"enabled = 0", "off", basic.Authenticated},
		{"enabled = 0", "plain", basic.NoSuchUser},
		{"enabled = 0 OR user = 'plain'", "eve", basic.NoSuchUser},
		{"enabled = 0 OR user = 'plain'", "plain", basic.Authenticated},
		{"enabled = 1 -- only those", "plain", basic.Authenticated},
		{"nonesuch = 1", "plain", QueryRefused},
		{"enabled = 1) OR (user = 'plain'", "eve", basic.Authenticated}, // who writes that gets that
		{"enabled = 1; DROP TABLE passwd", "plain", QueryRefused},
	} {
		b := openSQLite(t, Options{Forms: Forms{Plaintext: true}, Table: Table{"passwd", "user", "password", c.cond}})
		if v := b.Authenticate(t.Context(), c.user, "secret"); v.Reason() != c.want {
			t.Errorf("%s: %s: %v %v", c.cond, c.user, v.Reason(), v.Cause())
		}
	}
}

// TestMissingColumn: SQLite takes a name between double quotes for a string if there
// is no such column, and would then find every row.
func TestMissingColumn(t *testing.T) {
	dsn := "sqlite:" + makeSQLite(t, users)
	for _, table := range []Table{
		{"passwd", "nonesuch", "password", ""}, {"passwd", "user", "nonesuch", ""}, {"nonesuch", "user", "password", ""},
		{"passwd", `"nonesuch"`, "password", ""},
	} {
		b := open(t, Options{DSN: dsn, Table: table, Forms: Forms{Plaintext: true}})
		for _, user := range []string{"nonesuch", "plain"} {
			if v := b.Authenticate(t.Context(), user, "nonesuch"); v.Reason() != QueryRefused || !strings.Contains(v.Cause().Error(), "--usercol") {
				t.Errorf("%v: %v %v", table, v.Reason(), v.Cause())
			}
		}
	}
}

// TestReplacedFile: a new file under the name of the old one counts at once, and none
// is made where there is none.
func TestReplacedFile(t *testing.T) {
	path := makeSQLite(t, users)
	b := openSQLite(t, Options{DSN: "sqlite:" + path, Forms: Forms{Plaintext: true}})
	check := func(user string, want basic.Reason) {
		t.Helper()
		if v := b.Authenticate(t.Context(), user, "secret"); v.Reason() != want {
			t.Errorf("%s: %v %v", user, v.Reason(), v.Cause())
		}
	}
	check("plain", basic.Authenticated)
	next := makeSQLite(t, strings.ReplaceAll(users, "'plain'", "'other'"))
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	check("plain", basic.NoSuchUser)
	check("other", basic.Authenticated)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check("other", basic.Unavailable)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a file was made: %v", err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	check("other", basic.Unavailable)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	check("other", basic.Unavailable)
	if err := os.Rename(makeSQLite(t, users), path); err != nil {
		t.Fatal(err)
	}
	check("plain", basic.Authenticated)
}

// TestChangedTable: the table changes under a prepared query.
func TestChangedTable(t *testing.T) {
	path := makeSQLite(t, users)
	b := openSQLite(t, Options{DSN: "sqlite:" + path, Forms: Forms{Plaintext: true}})
	for _, script := range []string{
		"UPDATE passwd SET password = 'secret' WHERE user = 'null'",
		"ALTER TABLE passwd ADD COLUMN more TEXT; CREATE INDEX byname ON passwd (user)",
		"ALTER TABLE passwd RENAME TO gone; CREATE TABLE passwd (password TEXT, user TEXT, enabled INT); INSERT INTO passwd VALUES ('secret', 'plain', 1)",
	} {
		writeSQLite(t, path, script)
		if v := b.Authenticate(t.Context(), "plain", "secret"); v.Outcome() != protocol.Accepted {
			t.Errorf("%s: %v %v", script, v.Reason(), v.Cause())
		}
	}
}

// TestReadOnly: nothing is written, whatever the condition does.
func TestReadOnly(t *testing.T) {
	path := makeSQLite(t, users)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b := openSQLite(t, Options{DSN: "sqlite:" + path, Forms: Forms{Plaintext: true}})
	if v := b.Authenticate(t.Context(), "plain", "secret"); v.Outcome() != protocol.Accepted {
		t.Error(v.Cause())
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(names) != 1 {
		t.Errorf("files were made: %v", names)
	}
}

// TestLocked: a writer who does not finish makes a login undecided when its time is
// over, and one who does lets it go on.
func TestLocked(t *testing.T) {
	path := makeSQLite(t, users)
	b := openSQLite(t, Options{DSN: "sqlite:" + path, Forms: Forms{Plaintext: true}})
	release := lockSQLite(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if v := b.Authenticate(ctx, "plain", "secret"); v.Reason() != basic.Unavailable || !strings.Contains(v.Cause().Error(), "locked by a writer") {
		t.Errorf("locked: %v %v", v.Reason(), v.Cause())
	}
	var logins sync.WaitGroup
	for range 20 {
		logins.Go(func() {
			if v := b.Authenticate(t.Context(), "plain", "secret"); v.Outcome() != protocol.Accepted {
				t.Errorf("after the lock: %v %v", v.Reason(), v.Cause())
			}
		})
	}
	release()
	logins.Wait()
}

// TestOverloaded: who gets no connection in time is told so.
func TestOverloaded(t *testing.T) {
	b := openSQLite(t, Options{Connections: 1})
	b.finder.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v := b.Authenticate(ctx, "des", "secret"); v.Reason() != basic.Overloaded || v.Outcome() == protocol.Denied {
		t.Errorf("%v %v", v.Reason(), v.Cause())
	}
}

// TestDecoy: who is not in the table costs the hash that was compared last.
func TestDecoy(t *testing.T) {
	b := openSQLite(t, Options{Forms: Forms{Plaintext: true}})
	b.Authenticate(t.Context(), "plain", "secret")
	if b.decoy.Load() != nil {
		t.Error("a cheap form became the decoy")
	}
	b.Authenticate(t.Context(), "crypt", "guess")
	if h := b.decoy.Load(); h == nil || h.Scheme() != "sha256crypt" {
		t.Errorf("decoy %v", h)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if v := b.nobody(done, false, "secret"); v.Reason() != basic.Overloaded { // so it would be computed
		t.Errorf("%v", v.Reason())
	}
	if v := b.Authenticate(t.Context(), "eve", "secret"); v.Reason() != basic.NoSuchUser { // and lets nobody in
		t.Errorf("%v", v.Reason())
	}
}

// TestLog: what is stored and what was asked for stay out of the log, at any level, and
// out of what the verdicts say.
func TestLog(t *testing.T) {
	var out bytes.Buffer
	b := openSQLite(t, Options{Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for _, c := range []struct{ user, cause string }{
		{"plain", "plain-text password"}, {"md5", "--md5 accepts"}, {"sha1", "--sha1 accepts"}, {"null", "it is NULL"}, {"empty", "it is empty"},
		{"number", "plain-text password"}, {"joomla", "plain-text password"},
	} {
		v := b.Authenticate(t.Context(), c.user, "topsecret")
		if v.Reason() != basic.UnusableHash || !strings.Contains(v.Cause().Error(), c.cause) {
			t.Errorf("%s: %v %v", c.user, v.Reason(), v.Cause())
		}
		fmt.Fprintln(&out, v.Cause())
	}
	text := out.String()
	for _, secret := range []string{"topsecret", "5ebe2294", "e5e9fa1b", "pepper", "4711"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has %q:\n%s", secret, text)
		}
	}
}

// TestOpen: what is impossible is said at once, without a part of the DSN.
func TestOpen(t *testing.T) {
	for _, c := range []struct {
		opt     Options
		problem string
	}{
		{Options{}, "--dsn: the DSN is empty"},
		{Options{DSN: "DBI:Oracle:hunter2"}, `there is no driver "Oracle"`},
		{Options{DSN: "DBI:Pg:hunter2"}, "cannot be read"},
		{Options{DSN: "postgres://u:hunter2@h:port/d"}, "cannot be read"},
		{Options{DSN: "mysql://u:hunter2@h:port/d"}, "cannot be read"},
		{Options{DSN: "DBI:mysql:d;port=hunter2"}, "port"},
		{Options{DSN: "/x", Table: Table{"a b", "u", "p", ""}}, `--table "a b" is no name`},
		{Options{DSN: "/x", Table: Table{"t", "", "p", ""}}, `--usercol "" is no name`},
		{Options{DSN: "/x", Table: Table{"t", "u", "CONCAT(a,b)", ""}}, `make a view`},
		{Options{DSN: "/x", Table: Table{"t", "u", "p", "a\x00"}}, `NUL`},
	} {
		c.opt.Log = slog.New(slog.DiscardHandler)
		_, err := Open(c.opt)
		if err == nil || !strings.Contains(err.Error(), c.problem) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", c.opt.DSN, err)
		}
	}
}

// TestUnreachable: a server that is not there, or a password that is not, is no user's
// fault.
func TestUnreachable(t *testing.T) {
	missing, err := secret.Open(filepath.Join(t.TempDir(), "missing"), secret.Config{Kind: "password", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	nowhere := t.TempDir()
	for _, c := range []struct {
		opt     Options
		reason  basic.Reason
		problem string
	}{
		{Options{DSN: "DBI:mysql:database=squid;host=127.0.0.1;port=1"}, basic.Unavailable, "MySQL's database \"squid\" on tcp 127.0.0.1:1 cannot be asked"},
		{Options{DSN: "DBI:mysql:database=squid;mysql_socket=" + nowhere + "/s"}, basic.Unavailable, "on unix " + nowhere + "/s"},
		{Options{DSN: "DBI:Pg:dbname=squid;host=127.0.0.1;port=1"}, basic.Unavailable, "PostgreSQL's database \"squid\" on 127.0.0.1, port 1 cannot be asked"},
		{Options{DSN: "postgres://h/squid?host=" + nowhere}, basic.Unavailable, "no such file"},
		{Options{DSN: "postgres://127.0.0.1:1/squid", CA: nowhere + "/ca"}, basic.Unavailable, "ca"},
		{Options{DSN: "mysql://127.0.0.1:1/squid", CA: nowhere + "/ca"}, basic.Unavailable, "ca: no such file"},
		{Options{DSN: "mysql://127.0.0.1:1/squid", Password: missing}, basic.ServiceAccount, "no such file"},
		{Options{DSN: "postgres://127.0.0.1:1/squid", Password: missing}, basic.ServiceAccount, "no such file"},
		{Options{DSN: "sqlite:" + nowhere + "/none.db"}, basic.Unavailable, "no such file"},
	} {
		v := open(t, c.opt).Authenticate(t.Context(), "bob", "secret")
		if v.Reason() != c.reason || v.Outcome() == protocol.Denied || v.Cause() == nil || !strings.Contains(v.Cause().Error(), c.problem) {
			t.Errorf("%s: %v %v", c.opt.DSN, v.Reason(), v.Cause())
		}
	}
}

// TestClose: who is asked afterwards all the same is answered.
func TestClose(t *testing.T) {
	b := openSQLite(t, Options{Forms: Forms{Plaintext: true}})
	for range 2 {
		if v := b.Authenticate(t.Context(), "plain", "secret"); v.Outcome() != protocol.Accepted {
			t.Errorf("%v %v", v.Reason(), v.Cause())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestReload makes new connections, while the old ones are in use.
func TestReload(t *testing.T) {
	b := openSQLite(t, Options{Forms: Forms{Plaintext: true}})
	var logins sync.WaitGroup
	for range 8 {
		logins.Go(func() {
			for range 50 {
				if v := b.Authenticate(t.Context(), "plain", "secret"); v.Outcome() != protocol.Accepted {
					t.Errorf("%v %v", v.Reason(), v.Cause())
				}
			}
		})
	}
	for range 20 {
		if err := b.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	}
	logins.Wait()
}
