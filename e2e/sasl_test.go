//go:build unix

package e2e_test

import (
	"os"
	"strings"
	"testing"

	"squidauth/e2e"
)

const cSASLPath = "/usr/lib/squid/basic_sasl_auth"

// TestSASLLogin logs in through saslauthd, by our own options and by those of the C
// helper.
func TestSASLLogin(t *testing.T) {
	t.Parallel()
	daemon := e2e.StartSaslauthd(t, e2e.StartDovecot(t, withDomain(mailUsers[:2])))
	config := daemon.ConfigDir(t, "basic_sasl_auth")
	for name, c := range map[string]struct {
		command string
		users   []e2e.User
	}{
		"realm": {programs.Path(t, "basic") + " --concurrency 20 sasl --realm " + mailDomain + " --socket " + daemon.Socket(), mailUsers[:2]},
		"whole": {programs.Path(t, "basic") + " --concurrency 20 sasl --socket " + daemon.Socket(), withDomain(mailUsers[:2])},
		"C's":   {programs.As(t, "basic", "basic_sasl_auth") + " --concurrency 20", withDomain(mailUsers[:2])},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{
				Auth:    []string{e2e.Basic(c.command, "1 startup=1 concurrency=20")},
				Env:     []string{"SASL_CONF_PATH=" + config},
				Secrets: append(e2e.Secrets(c.users), "not-a-secret"),
			})
			mustFetch(t, origin, squid.Curl(t, right(origin, c.users[0]), right(origin, c.users[1])))
			mustRefuse(t, origin, squid.Curl(t, wrong(origin, c.users[0], "not-a-secret"), wrong(origin, c.users[0], c.users[1].Password)))
			if log := squid.CacheLog(); strings.Contains(log, "outcome=BH") {
				t.Errorf("something could not be told:\n%s", daemon.Log())
			}
		})
	}
}

// TestSASLDropIn asks Squid's helper and ours, called by its name, the same.
func TestSASLDropIn(t *testing.T) {
	t.Parallel()
	server := e2e.StartDovecot(t, withDomain([]e2e.User{
		{Name: "alice", Password: "alices-secret"}, {Name: "jürgen", Password: "pässwort"}, {Name: "bob", Password: `b"o\b's secret`},
	}))
	daemon := e2e.StartSaslauthd(t, server)
	env := []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "SASL_CONF_PATH=" + daemon.ConfigDir(t, "basic_sasl_auth")}
	start := func(program string, foreign bool) *e2e.Peer {
		return e2e.StartPeer(t, e2e.PeerConfig{Command: []string{program}, Env: env, AsProxy: true, Foreign: foreign})
	}
	own, ours := start(cSASLPath, true), start(programs.As(t, "basic", "basic_sasl_auth"), false)
	mustAnswerAlike(t, own, ours, []question{
		{line: "alice@example.test alices-secret"},
		{line: "alice@example.test wrong"},
		{line: "alice alices-secret"},
		{line: "alice@elsewhere.test alices-secret"},
		{line: "mallory@example.test alices-secret"},
		{line: "ALICE@example.test alices-secret"},
		{line: "j%C3%BCrgen@example.test p%C3%A4sswort"},
		{line: "bob@example.test b%22o%5Cb's%20secret"},
		{line: "bob@example.test b\"o\\b's secret"},
		{line: "alice@example.test alices-secret x"},
		{line: "alice@example.test alices-secret%zz"},
		{line: "@example.test alices-secret"},
		{line: "alice@ alices-secret"},
		{line: " alices-secret"},
		{line: "alice@example.test " + strings.Repeat("x", 257)},
		{line: "", other: "ERR", why: "the text is the same for all that is missing"},
		{line: "alice@example.test", other: "ERR", why: "the text is the same for all that is missing"},
		{line: "alice@example.test alices-secret%00x"},
		{line: "alice@example.test alices-secret\r", other: "OK", why: "a CR is the end of the line"},
		{line: "%20alice@example.test alices-secret", other: "ERR", why: "Squid would know alice by another name"},
	})
	server.Stop(t)
	mustAnswerAlike(t, own, ours, []question{
		{line: "alice@example.test alices-secret", other: "BH", why: "the mail server is down, and the password may be right"},
	})
	daemon.Stop(t)
	mustAnswerAlike(t, own, ours, []question{
		{line: "alice@example.test alices-secret", other: "BH", why: "saslauthd is down, and the password may be right"},
	})
}

// TestSASLOutage has saslauthd stopped, frozen and made slow, and then the server that
// it asks.
func TestSASLOutage(t *testing.T) {
	t.Parallel()
	users := outageUsers()
	server := e2e.StartDovecot(t, users)
	daemon := e2e.StartSaslauthd(t, server)
	command := programs.Path(t, "basic") + " --concurrency 20 --timeout 3s sasl --socket " + daemon.Socket()
	t.Run("saslauthd", func(t *testing.T) { testOutage(t, command, nil, daemon, users) })
	t.Run("its server", func(t *testing.T) { testOutage(t, command, nil, server, users) })
}
