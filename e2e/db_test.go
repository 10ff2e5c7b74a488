//go:build unix

package e2e_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"squidauth/e2e"
)

// dbUsers are in the table of every database of these tests. Names are in lower case.
var dbUsers = []e2e.User{
	e2e.MD5User("alice", "alices-secret"),
	e2e.APR1User("bob", "bobs-secret", "pepper"),
	{Name: "carol", Password: "carols-secret", Hash: "carols-secret"},
	{Name: "jürgen", Password: "jürgens-secret", Hash: "jürgens-secret"},
}

// dbScript is SQL that all three databases understand.
func dbScript() string {
	script := "CREATE TABLE passwd (\"user\" VARCHAR(80) PRIMARY KEY, password VARCHAR(200), enabled INTEGER NOT NULL);\n"
	for _, u := range dbUsers {
		script += fmt.Sprintf("INSERT INTO passwd VALUES ('%s', '%s', 1);\n", u.Name, u.Hash)
	}
	return script + "INSERT INTO passwd VALUES ('disabled', 'secret', 0), ('null', NULL, 1), ('empty', '', 1);\n"
}

func mariaScript() string { return "SET sql_mode = 'ANSI_QUOTES';\n" + dbScript() }

// A database is one of the three, and how the two helpers are told about it.
type database struct {
	server *e2e.DBServer // nil: SQLite
	dsn    string        // of Perl's DBI
	url    string        // of ours
	path   string        // of SQLite's file
}

func sqliteDatabase(t *testing.T) database {
	t.Helper()
	path := filepath.Join(e2e.ProxyDir(t), "users.db")
	d := database{dsn: "DBI:SQLite:dbname=" + path, url: "sqlite:" + path, path: path}
	d.sqlite(t, dbScript())
	return d
}

// sqlite runs a script on SQLite's file.
func (d database) sqlite(t *testing.T, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", d.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), script); err != nil {
		t.Fatal(err)
	}
}

func postgresDatabase(t *testing.T) database {
	t.Helper()
	s := e2e.StartPostgres(t, dbScript())
	return database{
		server: s,
		dsn:    fmt.Sprintf("DBI:Pg:dbname=%s;host=%s;port=%s", e2e.DBName, s.Host(), s.Port()),
		url:    fmt.Sprintf("postgres://%s:%s/%s", s.Host(), s.Port(), e2e.DBName),
	}
}

func mariaDatabase(t *testing.T) database {
	t.Helper()
	s := e2e.StartMariaDB(t, mariaScript())
	return database{
		server: s,
		dsn:    fmt.Sprintf("DBI:mysql:database=%s;host=%s;port=%s", e2e.DBName, s.Host(), s.Port()),
		url:    fmt.Sprintf("mysql://%s:%s/%s", s.Host(), s.Port(), e2e.DBName),
	}
}

// databases makes each of the three, by name.
var databases = map[string]func(*testing.T) database{"sqlite": sqliteDatabase, "postgres": postgresDatabase, "mariadb": mariaDatabase}

// passwordFile writes the helper's own password where it can read it.
func passwordFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(e2e.Dir(t), "password")
	if err := os.WriteFile(path, []byte(e2e.DBPassword+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// account is what a helper of ours says to log in.
func (d database) account(t *testing.T) []string {
	t.Helper()
	if d.server == nil {
		return nil
	}
	return []string{"--user=" + e2e.DBUser, "--password-file=" + passwordFile(t)}
}

// accepted are the options for all the forms in the table.
var accepted = []string{"--md5", "--plaintext"}

// helper starts ours without Squid. Options are those of the program, the word db, and
// those of the backend. It asks about refused passwords again.
func (d database) helper(t *testing.T, options ...string) *e2e.Peer {
	t.Helper()
	common, own := options, []string(nil)
	if i := slices.Index(options, "db"); i >= 0 {
		common, own = options[:i], options[i+1:]
	}
	command := slices.Concat([]string{programs.Path(t, "basic-db"), "--remember-refused=0"}, common,
		[]string{"db", "--dsn=" + d.url}, d.account(t), accepted, own)
	return e2e.StartPeer(t, e2e.PeerConfig{Command: command, AsProxy: true})
}

// TestDBLogin has Squid run the helper by each of its names, on each database.
func TestDBLogin(t *testing.T) {
	t.Parallel()
	for name, start := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := start(t)
			programs.Path(t, "basic-db") // beside basic
			account := " " + strings.Join(append(d.account(t), accepted...), " ")
			for way, auth := range map[string]string{
				"basic db":      e2e.Basic(programs.Path(t, "basic")+" --concurrency 20 db --dsn="+d.url+account, "2 startup=1 concurrency=20"),
				"basic_db_auth": e2e.Basic(programs.As(t, "basic", "basic_db_auth")+" --persist --dsn "+d.dsn+account, "2 startup=1"),
				"squid_db_auth": e2e.Basic(programs.As(t, "basic-db", "squid_db_auth")+" -dsn "+d.dsn+account, "2 startup=1"),
			} {
				t.Run(way, func(t *testing.T) { testDBLogin(t, auth) })
			}
		})
	}
}

func testDBLogin(t *testing.T, auth string) {
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{auth}, Secrets: append(e2e.Secrets(dbUsers), e2e.DBPassword, "not-a-secret")})
	var good []e2e.Request
	for _, u := range dbUsers {
		good = append(good, right(origin, u))
	}
	latin := dbUsers[3]
	latin.Name = "j\xfcrgen"
	good = append(good, right(origin, latin))
	mustFetch(t, origin, squid.Curl(t, good...))
	bad := []e2e.Request{
		wrong(origin, dbUsers[0], "not-a-secret"),
		wrong(origin, dbUsers[1], dbUsers[0].Password),
		{URL: origin.URL(), User: "mallory", Password: dbUsers[0].Password},
		{URL: origin.URL(), User: "alice' -- ", Password: dbUsers[0].Password},
		{URL: origin.URL(), User: "' or '1'='1", Password: dbUsers[0].Password},
		{URL: origin.URL(), User: "disabled", Password: "secret"},
		{URL: origin.URL(), User: "empty", Password: "x"},
		{URL: origin.URL(), User: "null", Password: "x"},
		{URL: origin.URL(), Anonymous: true},
	}
	mustRefuse(t, origin, squid.Curl(t, bad...))
	mustLog(t, squid, good[0].URL, e2e.LogLine{Status: 200, User: "alice"})
	if strings.Contains(squid.CacheLog(), "outcome=BH") {
		t.Error("a login was undecided")
	}
}

const undecided = `BH message="The login service is not available. Please try again later."`

// mustReply asks and compares.
func mustReply(t *testing.T, p *e2e.Peer, line, want string) {
	t.Helper()
	if got := p.Ask(t, line); got != want {
		t.Errorf("%.40s: %q, want %q\n%s", line, got, want, p.Log())
	}
}

// dbRecovery is how long after its return a server may be unknown.
const dbRecovery = 5 * time.Second

// TestDBOutage stops, freezes and restarts servers under a helper: logins are undecided
// within their time, and work again as soon as the server does. The wrong password is
// wrong again then, too.
func TestDBOutage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databases[name](t)
			p := d.helper(t, "--timeout", "1s")
			mustReply(t, p, "alice alices-secret", "OK")
			d.server.Stop(t)
			mustReply(t, p, "alice alices-secret", undecided)
			mustReply(t, p, "alice wrong", undecided)
			d.server.Start(t)
			d.mustRecover(t, p)
			d.server.Stop(t)
			d.server.Start(t) // behind its back: the connection of old is dead
			mustReply(t, p, "alice alices-secret", "OK")
			d.server.Freeze()
			mustReply(t, p, "alice alices-secret", undecided)
			mustReply(t, p, "alice wrong", undecided)
			d.server.Resume()
			d.mustRecover(t, p)
			for _, want := range []string{"reason=server-unavailable", "cannot be asked", "did not answer in time"} {
				e2e.Eventually(t, soon, want+" in the log", func() bool { return strings.Contains(p.Log(), want) })
			}
			if strings.Contains(p.Log(), e2e.DBPassword) {
				t.Error("the helper's password is in the log")
			}
		})
	}
}

func (d database) mustRecover(t *testing.T, p *e2e.Peer) {
	t.Helper()
	e2e.Eventually(t, dbRecovery, "alice gets in again", func() bool { return p.Ask(t, "alice alices-secret") == "OK" })
	mustReply(t, p, "alice wrong", "ERR Wrong user name or password")
}

// TestDBRestartUnderLoad restarts a server while Squid has clients: nobody gets in with
// a wrong password, all get in again with the right one, and the helper goes on.
func TestDBRestartUnderLoad(t *testing.T) {
	t.Parallel()
	d := postgresDatabase(t)
	command := programs.Path(t, "basic") + " --concurrency 20 --timeout 2s db --dsn=" + d.url + " " + strings.Join(append(d.account(t), accepted...), " ")
	programs.Path(t, "basic-db")
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.Basic(command, "1 startup=1 concurrency=20")}, Secrets: e2e.Secrets(dbUsers)})
	mustFetch(t, origin, squid.Curl(t, right(origin, dbUsers[0])))
	before := squid.Helpers()
	load := squid.StartLoad(t, len(dbUsers), func(client, n int) e2e.Request {
		if n%2 == 1 {
			return wrong(origin, dbUsers[client], "not-a-password")
		}
		return right(origin, dbUsers[client])
	})
	for range 2 {
		d.server.Stop(t)
		d.server.Start(t)
		d.server.Freeze()
		d.server.Resume()
	}
	_, bad := split(load.Stop(t))
	mustRefuse(t, origin, bad)
	e2e.Eventually(t, dbRecovery, "alice gets in", func() bool { return squid.Curl(t, right(origin, dbUsers[0]))[0].Fetched() })
	after := squid.Helpers()
	if len(before) != 1 || len(after) != 1 || before[0].PID != after[0].PID {
		t.Errorf("helpers: %v before, %v after", before, after)
	}
}

// TestDBSlow has queries wait: for a lock that is not given back, which makes them
// undecided, and for a while, which does not.
func TestDBSlow(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]string{
		"postgres": "BEGIN; LOCK TABLE passwd IN ACCESS EXCLUSIVE MODE;\n",
		"mariadb":  "LOCK TABLES passwd WRITE;\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databases[name](t)
			p := d.helper(t, "--timeout", "1s")
			mustReply(t, p, "alice alices-secret", "OK")
			release := d.server.Hold(t, lock)
			e2e.Eventually(t, soon, "the table is locked", func() bool { return p.Ask(t, "alice alices-secret") == undecided })
			mustReply(t, p, "alice wrong", undecided)
			release()
			d.mustRecover(t, p)
		})
	}
	t.Run("waiting for connections", func(t *testing.T) {
		t.Parallel()
		d := databases["postgres"](t)
		p := d.helper(t, "--concurrency", "20", "db", "--connections", "2", "--cond", "enabled = 1 AND pg_sleep(0.05) IS NOT NULL")
		var lines []string
		for i := range 20 {
			lines = append(lines, fmt.Sprintf("%d alice alices-secret", i+1))
		}
		got := map[string]bool{p.Ask(t, strings.Join(lines, "\n")): true}
		for range 19 {
			got[p.Next(t)] = true
		}
		for i := range 20 {
			if want := fmt.Sprintf("%d OK", i+1); !got[want] {
				t.Errorf("%q is missing: %v\n%s", want, got, p.Log())
			}
		}
	})
}

// TestDBTLS asks servers whose certificate is checked.
func TestDBTLS(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databases[name](t)
			s := d.server
			must := "ALTER USER '" + e2e.DBUser + "'@'%' REQUIRE SSL;\n"
			if name == "postgres" {
				must = "SELECT pg_reload_conf();\n"
				hba := filepath.Join(s.Dir(), "data", "pg_hba.conf")
				if err := os.WriteFile(hba, []byte("local all all scram-sha-256\nhostssl all all all scram-sha-256\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			s.SQL(t, must)
			mustReply(t, d.helper(t), "alice alices-secret", "OK") // where it is offered it is used
			mustReply(t, d.helper(t, "db", "--ca", s.CA()), "alice alices-secret", "OK")
			mustReply(t, d.helper(t, "db", "--tls", "verify"), "alice alices-secret", undecided) // another CA
			mustReply(t, d.helper(t, "db", "--tls", "off"), "alice alices-secret", undecided)
			other := d
			other.url = strings.Replace(d.url, s.Host(), "127.0.0.2", 1)
			mustReply(t, other.helper(t, "db", "--ca", s.CA()), "alice alices-secret", undecided)
		})
	}
}

// TestDBAccount gives the helper a wrong password of its own, and then the right one.
func TestDBAccount(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databases[name](t)
			file := passwordFile(t)
			if err := os.WriteFile(file, []byte("not-the-password"), 0o644); err != nil {
				t.Fatal(err)
			}
			d2 := d
			d2.server = nil // no account of its own accord
			p := d2.helper(t, "db", "--user", e2e.DBUser, "--password-file", file)
			mustReply(t, p, "alice alices-secret", undecided)
			e2e.Eventually(t, soon, "the log says why", func() bool { return strings.Contains(p.Log(), "reason=service-account-refused") })
			if log := p.Log(); strings.Contains(log, "not-the-password") {
				t.Errorf("log: %s", log)
			}
			if err := os.WriteFile(file, []byte(e2e.DBPassword), 0o644); err != nil {
				t.Fatal(err)
			}
			e2e.Eventually(t, dbRecovery, "the new password counts", func() bool { return p.Ask(t, "alice alices-secret") == "OK" })
		})
	}
}

// TestDBSocket reaches servers over their Unix sockets.
func TestDBSocket(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]func(*e2e.DBServer) string{
		"postgres": func(s *e2e.DBServer) string { return "DBI:Pg:dbname=squid;host=" + s.Dir() + ";port=" + s.Port() },
		"mariadb":  func(s *e2e.DBServer) string { return "DBI:mysql:database=squid;mysql_socket=" + s.Socket() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databases[name](t)
			d.url = dsn(d.server)
			mustReply(t, d.helper(t, "db", "--tls", "verify"), "alice alices-secret", "OK") // TLS is for the network
		})
	}
}

// TestDBSocketAccount has MariaDB know the helper by the account that it runs as.
func TestDBSocketAccount(t *testing.T) {
	t.Parallel()
	d := mariaDatabase(t)
	account, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	name := account.Username
	if os.Getuid() == 0 {
		name = "proxy"
	}
	d.server.SQL(t, "CREATE USER '"+name+"'@'localhost' IDENTIFIED VIA unix_socket; GRANT SELECT ON "+e2e.DBName+".* TO '"+name+"'@'localhost';\n")
	d2 := database{url: "DBI:mysql:database=squid;mysql_socket=" + d.server.Socket()}
	mustReply(t, d2.helper(t), "alice alices-secret", "OK")
}

// TestDBNames asks for names that a column cannot hold: there is no such user, and
// nothing is broken.
func TestDBNames(t *testing.T) {
	t.Parallel()
	for name, start := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t).helper(t, "--plain-messages")
			for _, user := range []string{
				"%F0%9F%A6%8A", "%00", "alice%00", "%FF%FE", "%C0%80", "%ED%A0%80", "alice%0A", strings.Repeat("x", 39), "%EF%BF%BF", "%27", "%5C", "%22", "%60", "%24%31", "?",
			} {
				mustReply(t, p, user+" alices-secret", "ERR unknown login")
			}
			mustReply(t, p, "alice alices-secret", "OK")
		})
	}
}

// TestDBChangedTable changes the table under a prepared query.
func TestDBChangedTable(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databases[name](t)
			p := d.helper(t)
			mustReply(t, p, "alice alices-secret", "OK")
			change := "ALTER TABLE passwd ALTER COLUMN password TYPE text, ADD COLUMN more INTEGER;\n"
			if name == "mariadb" {
				change = "ALTER TABLE passwd MODIFY COLUMN password TEXT, ADD COLUMN more INTEGER;\n"
			}
			d.server.SQL(t, change)
			mustReply(t, p, "alice alices-secret", "OK")
			d.server.SQL(t, "DELETE FROM passwd WHERE password = 'carols-secret';\n")
			mustReply(t, p, "carol carols-secret", "ERR Wrong user name or password")
		})
	}
}

// TestDBWritten writes into SQLite's file all the time: every login gets its answer.
func TestDBWritten(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"DELETE", "WAL"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			d := sqliteDatabase(t)
			db, err := sql.Open("sqlite", d.path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			db.SetMaxOpenConns(1)
			if _, err := db.ExecContext(t.Context(), "PRAGMA journal_mode = "+mode+"; PRAGMA busy_timeout = 20000; PRAGMA synchronous = OFF"); err != nil {
				t.Fatal(err)
			}
			for _, suffix := range []string{"-wal", "-shm"} { // the writer is another user here
				_ = os.Chmod(d.path+suffix, 0o666)
			}
			p := d.helper(t)
			ctx, cancel := context.WithCancel(t.Context())
			written := make(chan error, 1)
			go func() {
				for n := 0; ; n++ {
					_, err := db.ExecContext(ctx, "INSERT INTO passwd VALUES (?, 'x', 1)", fmt.Sprint("more-", n))
					if ctx.Err() != nil || err != nil {
						written <- err
						return
					}
				}
			}()
			for range 100 {
				mustReply(t, p, "alice alices-secret", "OK")
				mustReply(t, p, "alice wrong", "ERR Wrong user name or password")
			}
			cancel()
			if err := <-written; err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
}
