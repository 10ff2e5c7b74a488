//go:build unix

package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

const mailDomain = "example.test"

// mailUsers are known to the server with mailDomain behind their names.
var mailUsers = []e2e.User{
	{Name: "alice", Password: "alices-secret"},
	{Name: "bob", Password: `b"o\b's secret, {two} words `},
	{Name: "jürgen", Password: "pässwort-€"},
}

func withDomain(users []e2e.User) []e2e.User {
	full := slices.Clone(users)
	for i := range full {
		full[i].Name += "@" + mailDomain
	}
	return full
}

// mailHelper returns the command line of a helper that asks the server by a protocol.
func mailHelper(t *testing.T, d *e2e.Dovecot, protocol string, options string) string {
	t.Helper()
	command := protocol
	if command[len(command)-1] == 's' {
		command = command[:len(command)-1]
	}
	return programs.Path(t, "basic") + " --concurrency 20 --timeout 5s " + command + " --ca " + d.CAFile() + " " + options + " " + d.URI(protocol)
}

// TestMailLogin logs in by each protocol, with TLS from the first byte and by STARTTLS,
// and by each way to send a password: where PLAIN is not offered, POP3 and IMAP have
// commands of their own and SMTP has LOGIN.
func TestMailLogin(t *testing.T) {
	t.Parallel()
	for _, mechanisms := range []string{"plain login", "login"} {
		server := e2e.StartDovecot(t, withDomain(mailUsers), "auth_mechanisms = "+mechanisms)
		for _, protocol := range []string{"pop3", "pop3s", "imap", "imaps", "smtp", "smtps"} {
			t.Run(mechanisms+" "+protocol, func(t *testing.T) {
				t.Parallel()
				testMailLogin(t, mailHelper(t, server, protocol, "--add-domain "+mailDomain))
			})
		}
	}
}

func testMailLogin(t *testing.T, command string) {
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Basic(command, "1 startup=1 concurrency=20")},
		Secrets: append(e2e.Secrets(mailUsers), "not-a-secret"),
	})
	var good []e2e.Request
	for _, u := range append(withDomain(mailUsers), mailUsers...) {
		good = append(good, right(origin, u))
	}
	bad := []e2e.Request{
		wrong(origin, mailUsers[0], "not-a-secret"),
		wrong(origin, mailUsers[1], mailUsers[1].Password+"x"),
		{URL: origin.URL(), User: "mallory", Password: mailUsers[0].Password},
		{URL: origin.URL(), User: "alice@elsewhere.test", Password: mailUsers[0].Password},
	}
	mustFetch(t, origin, squid.Curl(t, good...))
	mustRefuse(t, origin, squid.Curl(t, bad...))
	mustLog(t, squid, good[0].URL, e2e.LogLine{Status: 200, User: "alice@" + mailDomain})
	mustLog(t, squid, good[len(mailUsers)].URL, e2e.LogLine{Status: 200, User: "alice"})
	if log := squid.CacheLog(); strings.Contains(log, "outcome=BH") {
		t.Error("something could not be told")
	}
}
