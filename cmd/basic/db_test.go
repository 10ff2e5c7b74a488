package main

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"

	"squidauth/cmd/internal/program"
)

// sqlite is the testscript command
//
//	sqlite DATABASE SCRIPT
//
// which runs the SQL of that file on a file of SQLite.
func sqlite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite DATABASE SCRIPT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
}

// TestDBAuth holds the command line of basic_db_auth against what Perl's
// Getopt::Long 2.52 makes of it.
func TestDBAuth(t *testing.T) {
	const perl = "db --dsn DBI:mysql:database=squid"
	for _, c := range []struct{ line, want, note string }{
		{"", perl, ""},
		{"--dsn X --user u --table t", "db --dsn X --table t --user u", ""},
		{"--dsn=X --persist --debug", "--debug db --dsn X", ""},
		{"-dsn X -usercol=u", "db --dsn X --usercol u", ""},
		{"--DSN X --UserCol u", "db --dsn X --usercol u", ""},
		{"--p", perl, "short for several"},
		{"--ds X --plain --t p --co c", "db --cond c --dsn X --plaintext --table p", ""},
		{"--dsn X --nonesuch", "db --dsn X", "there is no option --nonesuch"},
		{"--dsn X --md5=1", "db --dsn X", "takes no value"},
		{"--dsn X --cond=", "db --dsn X", "needs a value"},
		{"--dsn X --cond ", "db --cond  --dsn X", ""},
		{"--dsn X --cond", "db --dsn X", "needs a value"},
		{"--dsn X --cond --md5", "db --cond --md5 --dsn X", ""},
		{"--dsn X --dsn Y", "db --dsn Y", ""},
		{"--dsn X --cond a=b --joomla", "db --dsn X --joomla", "--cond is ignored"},
		{"--dsn X --salt ab", "db --dsn X", "--salt is not needed"},
		{"--dsn X --", "db --dsn X", ""},
		{"--concurrency 20 --dsn X --timeout=5s --tls verify", "--concurrency=20 --timeout=5s db --tls=verify --dsn X", ""},
		{"--dsn X --password-file F --state-dir none -d", "--state-dir=none --d db --password-file=F --dsn X", ""},
		{"--help", "--help " + perl, ""},
		{"--password hunter2 --dsn X", "db --password-file=given:1 --dsn X", "everybody"},
		{"--password hunter2 --password-file F --dsn X", "db --password-file=F --dsn X", ""},
	} {
		words := strings.Split(c.line, " ")
		if c.line == "" {
			words = nil
		}
		call, err := dbAuth(program.Call{}, words)
		got := strings.Join(call.Args, " ")
		if want := "--plain-messages " + c.want; err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", c.line, got, err, want)
		}
		if notes := strings.Join(call.Notes, "\n"); (c.note == "") != (notes == "") || !strings.Contains(notes, c.note) {
			t.Errorf("%q: %q", c.line, notes)
		}
	}
	for _, line := range []string{"requests", "--dsn X y", "-- x", "-", "--timeout"} {
		if call, err := dbAuth(program.Call{}, strings.Fields(line)); err == nil {
			t.Errorf("%q: %q", line, call.Args)
		}
	}
}

// TestDBEnvironment: Perl's DBI takes user and password from there.
func TestDBEnvironment(t *testing.T) {
	t.Setenv("DBI_USER", "u")
	t.Setenv("DBI_PASS", "s3cret")
	for line, want := range map[string][]string{
		"--dsn=X":                   {"--password-file=env:DBI_PASS", "--dsn", "X", "--user", "u"},
		"--dsn=X --user=v":          {"--password-file=env:DBI_PASS", "--dsn", "X", "--user", "v"},
		"--dsn=X --password=p":      {"--password-file=given:1", "--dsn", "X", "--user", "u"},
		"--dsn=X --password-file=F": {"--password-file=F", "--dsn", "X", "--user", "u"},
	} {
		call, err := dbAuth(program.Call{}, strings.Fields(line))
		if want = append([]string{"--plain-messages", "db"}, want...); err != nil || !slices.Equal(call.Args, want) {
			t.Errorf("%s: %q, %v", line, call.Args, err)
		}
	}
}
