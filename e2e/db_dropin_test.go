//go:build unix

package e2e_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

const cDBPath = "/usr/lib/squid/basic_db_auth"

// dbDifference is where ours answers otherwise, and why.
type dbDifference struct{ theirs, ours, why string }

// TestDBDropIn gives the same lines, with the same command lines, to Squid's own helper
// and to ours by its name.
func TestDBDropIn(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(cDBPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	for name, start := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			driver := map[string]string{"sqlite": "DBD::SQLite", "postgres": "DBD::Pg", "mariadb": "DBD::mysql"}[name]
			if err := exec.Command("perl", "-M"+driver, "-e", "1").Run(); err != nil {
				e2e.Lacking(t, "Perl's %s is not installed; run e2e/install.sh as root", driver)
			}
			d := start(t)
			d.compare(t, name)
		})
	}
}

func (d database) compare(t *testing.T, name string) {
	own := []string{"--user", e2e.DBUser, "--password", e2e.DBPassword}
	if d.server != nil {
		d.server.SQL(t, extraScript(name))
	} else {
		own = nil
		d.sqlite(t, extraScript(name))
	}
	// Squid's own helper compares with who is logged in to PostgreSQL, as that is what
	// the word user means there, unless it stands between quotes.
	column := "user"
	if name == "postgres" {
		column = `"user"`
	}
	for options, users := range map[string]string{
		"--md5":         "alice bob carol des des9 apr1 crypt bcrypt null empty disabled nobody upper",
		"--plaintext":   "alice bob carol des crypt null disabled nobody",
		"--sha1":        "alice sha1",
		"":              "alice sha1 carol des crypt",
		"--salt ab":     "alice des crypt",
		"--md5 --cond=": "alice disabled",
		"--mD --plain":  "alice carol",
		"-md5 -co 1=1":  "alice disabled",
		"--joomla --table jos --cond 1=0 --plaintext": "joomla nosalt colons bare disabled",
	} {
		t.Run(options, func(t *testing.T) {
			theirs, ours := d.both(t, slices.Concat(own, []string{"--usercol", column}, strings.Fields(options)))
			for user := range strings.FieldsSeq(users) {
				for _, password := range []string{"secret", "alices-secret", "carols-secret", "wrong", "eightchr", "eightchr9", "%73ecret", "s%65cret"} {
					compareDB(t, theirs, ours, user+" "+password)
				}
			}
		})
	}
}

// both starts both helpers. Theirs is not told to keep its connection to SQLite: it may
// then hang or crash at the end of its input.
func (d database) both(t *testing.T, options []string) (theirs, ours *e2e.Peer) {
	t.Helper()
	words := append([]string{"--dsn", d.dsn}, options...)
	if d.server != nil {
		words = append(words, "--persist")
	}
	theirs = e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{cDBPath}, words...), AsProxy: true, Foreign: true})
	ours = e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{programs.As(t, "basic-db", "basic_db_auth"), "--remember-refused=0"}, words...), AsProxy: true})
	return theirs, ours
}

// compareDB asks both.
func compareDB(t *testing.T, theirs, ours *e2e.Peer, line string) {
	t.Helper()
	a, b := theirs.Ask(t, line), ours.Ask(t, line)
	if a == b {
		return
	}
	for _, d := range dbDifferences[strings.Fields(line)[0]] {
		if a == d.theirs && b == d.ours {
			return
		}
	}
	t.Errorf("%q: theirs says %q, ours %q\n%s", line, a, b, ours.Log())
}

// dbDifferences are by the user's name.
var dbDifferences = map[string][]dbDifference{
	"apr1": {{"ERR login failure", "OK", "crypt(3) does not know $apr1$, which ours does"}},
	"bob":  {{"ERR login failure", "OK", "crypt(3) does not know $apr1$, which ours does"}},
}

// TestDBDropInDifferences has what Squid's own helper answers otherwise, and why ours
// does not.
func TestDBDropInDifferences(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(cDBPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	d := sqliteDatabase(t)
	d.sqlite(t, extraScript("sqlite"))
	for options, cases := range map[string][]struct {
		line string
		dbDifference
	}{
		"--md5": {
			{"", dbDifference{"ERR unknown login", "ERR", "nobody is looked up without a name"}},
			{"alice", dbDifference{"ERR login failure", "ERR", "nor without a password"}},
			{"alice alices-secret x", dbDifference{"OK", "ERR login failure", "a word more is of the password, or of key_extras, for which there is an option"}},
			{" alice alices-secret", dbDifference{"OK", "ERR", "Squid sends no blank in front"}},
			{"alice  alices-secret", dbDifference{"OK", "ERR login failure", "nor two"}},
		},
		"--plaintext": {
			{"empty", dbDifference{"OK", "ERR", "no password is not the empty one, which lets nobody in"}},
			{"null", dbDifference{"OK", "ERR", "NULL is no password"}},
		},
		"--md5 --cond enabled=1\tOR\t1=1": {
			{"nobody alices-secret", dbDifference{"OK", "ERR unknown login", "OR reaches nobody else's row"}},
		},
		"--joomla --table jos": {
			{"modern bcrypt5-alice", dbDifference{"ERR login failure", "OK", "Joomla stores bcrypt since 3.2"}},
		},
	} {
		words := strings.Split(options, " ")
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "\t", " ")
		}
		theirs, ours := d.both(t, words)
		for _, c := range cases {
			if a, b := theirs.Ask(t, c.line), ours.Ask(t, c.line); a != c.theirs || b != c.ours {
				t.Errorf("%s: %q: theirs says %q, ours %q, want %+v", options, c.line, a, b, c.dbDifference)
			}
		}
	}
}

// TestDBDropInCurrentUser: what Squid's own helper calls user is in PostgreSQL who is
// logged in there, so that this name has every row.
func TestDBDropInCurrentUser(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(cDBPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	d := postgresDatabase(t)
	theirs, ours := d.both(t, []string{"--user", e2e.DBUser, "--password", e2e.DBPassword, "--md5"})
	line := e2e.DBUser + " " + dbUsers[0].Password
	if a, b := theirs.Ask(t, line), ours.Ask(t, line); a != "OK" || b != "ERR unknown login" {
		t.Errorf("theirs says %q, ours %q", a, b)
	}
	if a, b := theirs.Ask(t, "alice alices-secret"), ours.Ask(t, "alice alices-secret"); a != "ERR unknown login" || b != "OK" {
		t.Errorf("theirs says %q, ours %q", a, b)
	}
}

// extraScript adds users to what dbScript makes.
func extraScript(name string) string {
	script := `
INSERT INTO passwd VALUES ('des', 'abNANd1rDfiNc', 1), ('des9', 'ab4dOxiiWAuPc', 1), ('apr1', '$apr1$pepper$x', 1),
	('crypt', '$5$salt$kpa26zwgX83BPSR8d7w93OIXbFt/d3UOTZaAu5vsTM6', 1), ('sha1', 'e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4', 1),
	('upper', '5EBE2294ECD0E0F08EAB7690D2A6EE69', 1), ('bcrypt', '$2y$05$pC/1dJMQhGOoWi3iGK9a8Oo2Bf4Fh5rEpnA9ySMFOGv4xaSnJmUvW', 1);
CREATE TABLE jos ("user" VARCHAR(80), password VARCHAR(200), block INTEGER NOT NULL);
INSERT INTO jos VALUES ('joomla', '175f352dfaefb7086c066a36e69be09c:pepper', 0), ('disabled', '175f352dfaefb7086c066a36e69be09c:pepper', 1),
	('nosalt', '5ebe2294ecd0e0f08eab7690d2a6ee69:', 0), ('colons', '175f352dfaefb7086c066a36e69be09c:pepper:x', 0),
	('bare', '5ebe2294ecd0e0f08eab7690d2a6ee69', 0), ('modern', '$2y$05$pC/1dJMQhGOoWi3iGK9a8Oo2Bf4Fh5rEpnA9ySMFOGv4xaSnJmUvW', 0);
`
	switch name {
	case "postgres":
		script += "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + e2e.DBUser + ";\n"
	case "mariadb":
		script = "SET sql_mode = 'ANSI_QUOTES';\n" + script
	}
	return script
}
