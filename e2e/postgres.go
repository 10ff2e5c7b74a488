//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// StartPostgres starts a server of PostgreSQL for the length of the test and runs the
// script in it. Everybody needs a password there; its Unix socket is in Dir.
func StartPostgres(t testing.TB, script string) *DBServer {
	t.Helper()
	s := newDBServer(t, "postgres")
	program := func(name string) string { return postgresProgram(t, name) }
	s.certify(t)
	admin := s.file("admin")
	if err := os.WriteFile(admin, []byte("only-for-this-test\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.do(t, "", program("initdb"), "-D", s.file("data"), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync",
		"-A", "scram-sha-256", "--pwfile", admin)
	pass := s.file("pgpass") // PostgreSQL reads only what nobody else can
	if err := os.WriteFile(pass, []byte("*:*:*:postgres:only-for-this-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.give(t, pass)
	connect := func(database string) string {
		return fmt.Sprintf("host=%s port=%s user=postgres dbname=%s passfile=%s", s.dir, s.Port(), database, pass)
	}
	s.startOn(t, func() []string {
		s.client = []string{program("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", connect(DBName)}
		s.ready = []string{program("psql"), "-q", "-d", connect("postgres"), "-c", "SELECT 1"}
		return []string{
			program("postgres"), "-D", s.file("data"), "-h", s.Host(), "-p", s.Port(), "-k", s.dir,
			"-c", "fsync=off", "-c", "shared_buffers=8MB", "-c", "max_connections=40",
			"-c", "ssl=on", "-c", "ssl_cert_file=" + s.file("server.pem"), "-c", "ssl_key_file=" + s.file("server.key"),
		}
	})
	s.do(t, "CREATE DATABASE "+DBName+"; CREATE ROLE "+DBUser+" LOGIN PASSWORD '"+DBPassword+"';\n",
		program("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", connect("postgres"))
	s.SQL(t, script+"\nGRANT SELECT ON ALL TABLES IN SCHEMA public TO "+DBUser+";\n")
	return s
}

// Dir returns the folder with the server's Unix socket.
func (s *DBServer) Dir() string { return s.dir }

// postgresProgram finds a program of the newest PostgreSQL. Debian has them in no PATH.
func postgresProgram(t testing.TB, name string) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return slices.Max(found)
	}
	return Need(t, name)
}
