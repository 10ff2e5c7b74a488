//go:build unix

package e2e_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

const cPOP3Path = "/usr/lib/squid/basic_pop3_auth"

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
	return programs.Path(t, "basic") + " --concurrency 20 --timeout 3s " + command + " --ca " + d.CAFile() + " " + options + " " + d.URI(protocol)
}

// TestMailLogin logs in by each protocol, with TLS from the first byte and by STARTTLS,
// and by each way to send a password: without PLAIN, POP3 and IMAP have commands of
// their own and SMTP has LOGIN.
func TestMailLogin(t *testing.T) {
	t.Parallel()
	server := e2e.StartDovecot(t, withDomain(mailUsers))
	domain := "--add-domain " + mailDomain
	for _, protocol := range []string{"pop3", "pop3s", "imap", "imaps", "smtp", "smtps"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			testMailLogin(t, mailHelper(t, server, protocol, domain))
		})
	}
	for _, protocol := range []string{"pop3", "imap", "smtp"} {
		t.Run(protocol+" without PLAIN", func(t *testing.T) {
			t.Parallel()
			uri := server.WithoutPLAIN(t, protocol)
			testMailLogin(t, programs.Path(t, "basic")+" --concurrency 20 "+protocol+" --start-tls never "+domain+" "+uri)
		})
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

// TestPOP3DropIn asks Squid's helper and ours, called by its name, the same.
func TestPOP3DropIn(t *testing.T) {
	t.Parallel()
	e2e.Need(t, "perl")
	server := e2e.StartDovecot(t, []e2e.User{{Name: "alice", Password: "alices-secret"}, {Name: "jürgen", Password: "pässwort"}})
	env := []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	start := func(program string, foreign bool) *e2e.Peer {
		return e2e.StartPeer(t, e2e.PeerConfig{
			Command: []string{program, server.Address("pop3")}, Env: env, AsProxy: true, Foreign: foreign,
		})
	}
	own, ours := start(cPOP3Path, true), start(programs.As(t, "basic", "basic_pop3_auth"), false)
	mustAnswerAlike(t, own, ours, []question{
		{line: "alice alices-secret"},
		{line: "alice wrong"},
		{line: "mallory alices-secret"},
		{line: "ALICE alices-secret"},
		{line: "j%C3%BCrgen p%C3%A4sswort"},
		{line: "alice alices%2Dsecret"},
		{line: "ali%63e alices-secret"},
		{line: "alice alices-secret%zz"},
		{line: "alice alices-secret\r"},
		{line: ""},
		{line: "alice"},
		{line: " alices-secret"},
		{line: "alice%0D%0A alices-secret"},
		{line: "alice%0ASTAT alices-secret"},
		{line: "alice alices-secret%0A"},
		{line: "alice alices-secret%00", other: "ERR", why: "what is behind the NUL counts too"},
		{line: "alice alices-secret x", other: "ERR", why: "it has one word too many: key_extras need --key-extras"},
	})
	server.Stop(t)
	mustAnswerAlike(t, own, ours, []question{
		{line: "alice alices-secret", other: "BH", why: "the server is down, and the password may be right"},
	})
}

// TestMailOutage has the server stopped, frozen and made slow.
func TestMailOutage(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"pop3s", "imap", "smtps"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			users := outageUsers()
			server := e2e.StartDovecot(t, users)
			testOutage(t, mailHelper(t, server, protocol, ""), nil, server, users)
		})
	}
}

// TestMailServers has one of two servers stopped, and then frozen: nobody is refused,
// since the other one is there.
func TestMailServers(t *testing.T) {
	t.Parallel()
	users := outageUsers()
	first, second := e2e.StartDovecot(t, users), e2e.StartDovecot(t, users)
	command := programs.Path(t, "basic") + " --concurrency 20 --timeout 4s imap --start-tls never " + first.URI("imap") + " " + second.URI("imap")
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.Basic(command, "1 startup=1 concurrency=20")}, Secrets: e2e.Secrets(users)})
	first.Stop(t)
	mustFetch(t, origin, squid.Curl(t, right(origin, users[0])))
	mustRefuse(t, origin, squid.Curl(t, wrong(origin, users[1], "not-a-secret")))
	mustSay(t, squid, "a mail server does not work", first.URI("imap"))
	first.Start(t)
	second.Freeze(t)
	e2e.Eventually(t, soon, "a login at the first", func() bool {
		return squid.Curl(t, right(origin, users[2]))[0].Fetched()
	})
	mustSay(t, squid, "the mail server works again", first.URI("imap"))
	second.Resume(t)
}
