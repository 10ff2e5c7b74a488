//go:build unix

package e2e_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	azure "github.com/Azure/go-ntlmssp"
	bodgit "github.com/bodgit/ntlmssp"

	"squidauth/e2e"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// ntlmReport is the cache manager's page on NTLM helpers.
const ntlmReport = "ntlmauthenticator"

func ntlmUsers() []e2e.User {
	return []e2e.User{e2e.NTUser("alice", "alices-secret"), e2e.NTUser("bob", "bobs-secret"), e2e.NTUser("müller", "päss wörd")}
}

// startNTLM starts Squid with a helper on a file of the users' hashes.
func startNTLM(t *testing.T, users []e2e.User, options, children string, more ...string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	command := programs.Path(t, "ntlm") + " --hashes " + e2e.PasswordFile(t, users) + " --domain EXAMPLE " + options
	squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.NTLMAuth(command, children, more...)}, Secrets: e2e.Secrets(users)})
	return squid, e2e.StartOrigin(t)
}

// byNTLM is a request of curl's with the user's own password.
func byNTLM(origin *e2e.Origin, u e2e.User) e2e.Request {
	r := right(origin, u)
	r.NTLM = true
	return r
}

// ours is a client as Windows has it.
func ours(domain string, u e2e.User) e2e.NTLMMessages {
	c := ntlmtest.Client{Domain: domain, User: u.Name, Password: u.Password, Workstation: "PC-7", Flags: ntlmtest.DefaultFlags | ntlmssp.NegotiateKeyExch}
	return func(challenge []byte) ([]byte, error) {
		if challenge == nil {
			return c.Negotiate(), nil
		}
		return c.Authenticate(c.Negotiate(), challenge)
	}
}

func byAzure(domain string, u e2e.User) e2e.NTLMMessages {
	return func(challenge []byte) ([]byte, error) {
		if challenge == nil {
			return azure.NewNegotiateMessage("", "")
		}
		return azure.NewAuthenticateMessage(challenge, domain+`\`+u.Name, u.Password, nil)
	}
}

func byBodgit(domain string, u e2e.User) e2e.NTLMMessages {
	c, err := bodgit.NewClient(bodgit.SetUserInfo(u.Name, u.Password), bodgit.SetDomain(domain), bodgit.SetWorkstation("PC-7"))
	return func(challenge []byte) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		return c.Authenticate(challenge, nil)
	}
}

// bySamba has Samba's ntlm_auth be the client. Its lines are those of a helper with
// the sides exchanged.
func bySamba(t *testing.T, domain string, u e2e.User) e2e.NTLMMessages {
	t.Helper()
	peer := e2e.StartPeer(t, e2e.PeerConfig{
		Command: []string{e2e.Need(t, "ntlm_auth"), "--helper-protocol=ntlmssp-client-1", "--configfile=/dev/null",
			"--username=" + u.Name, "--domain=" + domain, "--password=" + u.Password},
		Env:     []string{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin"},
		Foreign: true,
	})
	return func(challenge []byte) ([]byte, error) {
		line := "YR"
		if challenge != nil {
			line = "TT " + base64.StdEncoding.EncodeToString(challenge)
		}
		reply := peer.Ask(t, line)
		_, token, found := strings.Cut(reply, " ")
		if !found {
			return nil, fmt.Errorf("ntlm_auth says %q", reply)
		}
		return base64.StdEncoding.DecodeString(token)
	}
}

// mustLogIn wants the origin's answer, and that the user has that name for Squid.
func mustLogIn(t *testing.T, squid *e2e.Squid, origin *e2e.Origin, m e2e.NTLMMessages, name string) {
	t.Helper()
	url := origin.URL()
	a, err := squid.Connect(t).Login(url, m)
	if err != nil || !a.Fetched() || origin.Hits(url) != 1 {
		t.Errorf("%s: status %d, %v, %.80q", name, a.Status, err, a.Body)
		return
	}
	e2e.Eventually(t, soon, url+" by "+name+" in access.log", func() bool {
		line, ok := lastLine(squid, url)
		return ok && line.Status == 200 && line.User == name
	})
}

// lastLine is of the last request for a URL: a login takes several.
func lastLine(squid *e2e.Squid, url string) (e2e.LogLine, bool) {
	line, ok := squid.AccessLogs()[url]
	return line, ok
}

func mustNotLogIn(t *testing.T, squid *e2e.Squid, origin *e2e.Origin, m e2e.NTLMMessages) {
	t.Helper()
	url := origin.URL()
	if a, err := squid.Connect(t).Login(url, m); err != nil || !a.Refused() || origin.Hits(url) != 0 {
		t.Errorf("status %d, %v, %.80q", a.Status, err, a.Body)
	}
}

// TestNTLMCurl asks the questions that matter most, with each command line by which
// the helper can be reached.
func TestNTLMCurl(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	file := e2e.PasswordFile(t, users)
	options := " --hashes " + file + " --domain EXAMPLE"
	for name, auth := range map[string]string{
		"plain":        e2e.NTLMAuth(programs.Path(t, "ntlm")+options, "5 startup=2 idle=1"),
		"as ntlm_auth": e2e.NTLMAuth(programs.As(t, "ntlm", "ntlm_auth")+" --helper-protocol=squid-2.5-ntlmssp --diagnostics"+options, "5 startup=2 idle=1"),
		"key_extras":   e2e.NTLMAuth(programs.Path(t, "ntlm")+options+" --key-extras 2 --bind-extras", "5 startup=2 idle=1", `key_extras "%>a %>p"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{Auth: []string{auth}, Secrets: e2e.Secrets(users)})
			good := []e2e.Request{byNTLM(origin, users[0]), byNTLM(origin, users[1]), byNTLM(origin, users[1])}
			bad := []e2e.Request{byNTLM(origin, e2e.NTUser("alice", "not-a-secret")), byNTLM(origin, e2e.NTUser("mallory", "not-a-secret")),
				byNTLM(origin, e2e.NTUser("guest", "x"))}
			mustFetch(t, origin, squid.Curl(t, good...))
			for _, r := range bad {
				answers := squid.Curl(t, r)
				mustRefuse(t, origin, answers)
				if got := answers[0].DenyText(); got != "Wrong user name or password" {
					t.Errorf("%s is told %q", r.User, got)
				}
			}
			e2e.Eventually(t, soon, "the users in access.log", func() bool {
				logs := squid.AccessLogs()
				return logs[good[0].URL].User == `EXAMPLE\alice` && logs[good[2].URL].User == `EXAMPLE\bob`
			})
			mustSay(t, squid, "login refused", "mallory", "no-such-user")
			mustSay(t, squid, "login refused", "alice", "wrong-password")
		})
	}
}

// TestNTLMForeignClients: clients that others wrote, with names and passwords beyond
// ASCII.
func TestNTLMForeignClients(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	squid, origin := startNTLM(t, users, "--mode audit", "5 startup=2 idle=1")
	for name, client := range map[string]func(string, e2e.User) e2e.NTLMMessages{
		"ours": ours, "Azure": byAzure, "bodgit": byBodgit,
		"Samba": func(domain string, u e2e.User) e2e.NTLMMessages { return bySamba(t, domain, u) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, u := range users {
				mustLogIn(t, squid, origin, client("EXAMPLE", u), `EXAMPLE\`+u.Name)
				mustNotLogIn(t, squid, origin, client("EXAMPLE", e2e.NTUser(u.Name, "not-a-secret")))
			}
		})
	}
	mustSay(t, squid, "WARNING: NTLM is still used", "müller", "version=ntlmv2")
}

// TestNTLMOldVersions: what is not NTLMv2 is refused unless it is permitted.
func TestNTLMOldVersions(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	old := func(form ntlmssp.Form) e2e.NTLMMessages {
		c := ntlmtest.Client{User: users[1].Name, Password: users[1].Password, Form: form}
		return func(challenge []byte) ([]byte, error) {
			if challenge == nil {
				return c.Negotiate(), nil
			}
			return c.Authenticate(c.Negotiate(), challenge)
		}
	}
	refusing, origin := startNTLM(t, users, "", "2 startup=1")
	permitting, _ := startNTLM(t, users, "--permit-ntlmv1", "2 startup=1")
	for _, form := range []ntlmssp.Form{ntlmssp.NTLMv1, ntlmssp.NTLM2Session} {
		mustNotLogIn(t, refusing, origin, old(form))
		mustLogIn(t, permitting, origin, old(form), `EXAMPLE\bob`)
	}
	mustNotLogIn(t, permitting, origin, old(ntlmssp.LMOnly))
}

// TestNTLMCrowd has 20 clients log in at once on 20 helpers, each on connections of
// their own, and looks who Squid takes them for.
func TestNTLMCrowd(t *testing.T) {
	t.Parallel()
	const clients, logins = 20, 5
	var users []e2e.User
	for i := range clients {
		users = append(users, e2e.NTUser(fmt.Sprintf("user%02d", i), fmt.Sprintf("secret-of-%02d", i)))
	}
	squid, origin := startNTLM(t, users, "", "20 startup=20 idle=1")
	var crowd sync.WaitGroup
	for _, u := range users {
		crowd.Go(func() {
			for range logins {
				mustLogIn(t, squid, origin, ours("EXAMPLE", u), `EXAMPLE\`+u.Name)
			}
		})
	}
	crowd.Wait()
}

// TestNTLMInterleaved: handshakes of two connections do not get into each other, in
// whatever order their messages come.
func TestNTLMInterleaved(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	squid, origin := startNTLM(t, users, "", "2 startup=2")
	one, two := squid.Connect(t), squid.Connect(t)
	urls := []string{origin.URL(), origin.URL()}
	alice, bob := ours("EXAMPLE", users[0]), ours("EXAMPLE", users[1])
	first, err1 := one.Challenge(urls[0], alice)
	second, err2 := two.Challenge(urls[1], bob)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	b, err2 := two.Answer(urls[1], bob, second)
	a, err1 := one.Answer(urls[0], alice, first)
	if err1 != nil || err2 != nil || !a.Fetched() || !b.Fetched() {
		t.Fatalf("%v, %d; %v, %d", err1, a.Status, err2, b.Status)
	}
	e2e.Eventually(t, soon, "both users in access.log", func() bool {
		logs := squid.AccessLogs()
		return logs[urls[0]].User == `EXAMPLE\alice` && logs[urls[1]].User == `EXAMPLE\bob`
	})
	// The answer to another connection's challenge is none.
	mixed := squid.Connect(t)
	if _, err := mixed.Challenge(origin.URL(), alice); err != nil {
		t.Fatal(err)
	}
	url := origin.URL()
	if a, err := mixed.Answer(url, alice, first); err != nil || !a.Refused() || origin.Hits(url) != 0 {
		t.Errorf("%v: %d", err, a.Status)
	}
}

// TestNTLMAbandoned: clients that go away between their two messages hold up nobody.
func TestNTLMAbandoned(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	squid, origin := startNTLM(t, users, "", "1 startup=1")
	for range 5 {
		c := squid.Connect(t)
		if _, err := c.Challenge(origin.URL(), ours("EXAMPLE", users[0])); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	mustLogIn(t, squid, origin, ours("EXAMPLE", users[1]), `EXAMPLE\bob`)
	if helpers := squid.Helpers(); len(helpers) != 1 {
		t.Errorf("helpers: %v, want one", helpers)
	}
}

// TestNTLMHostile: whatever a client sends as its token, Squid and the helper live on.
func TestNTLMHostile(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	squid, origin := startNTLM(t, users, "--key-extras 1", "2 startup=2", `key_extras "%>a"`)
	negotiate, err := ours("EXAMPLE", users[0])(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{
		"NTLM !", "NTLM AAAA BBBB", "NTLM YIIC1Q==", "NTLM " + strings.Repeat("A", 30000),
		"NTLM " + base64.StdEncoding.EncodeToString(negotiate[:12]), "NTLM " + base64.StdEncoding.EncodeToString(negotiate) + " 192.0.2.1",
	} {
		url := origin.URL()
		if a, _, err := squid.Connect(t).Get(url, header); err != nil || !a.Refused() || origin.Hits(url) != 0 {
			t.Errorf("%.40q: %v, %d", header, err, a.Status)
		}
	}
	mustLogIn(t, squid, origin, ours("EXAMPLE", users[0]), `EXAMPLE\alice`)
	if helpers := squid.Helpers(); len(helpers) != 2 {
		t.Errorf("helpers: %v, want two", helpers)
	}
}

// TestNTLMChangedFile: a user who was added can log in, and one who was removed
// cannot, without a restart.
func TestNTLMChangedFile(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	file := e2e.PasswordFile(t, users[:1])
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.NTLMAuth(programs.Path(t, "ntlm")+" --domain EXAMPLE --hashes "+file, "2 startup=2")},
		Secrets: e2e.Secrets(users),
	})
	origin := e2e.StartOrigin(t)
	mustLogIn(t, squid, origin, ours("EXAMPLE", users[0]), `EXAMPLE\alice`)
	mustNotLogIn(t, squid, origin, ours("EXAMPLE", users[1]))
	e2e.ReplacePasswords(t, file, users[1:])
	e2e.Eventually(t, soon, "bob is let in", func() bool {
		a, err := squid.Connect(t).Login(origin.URL(), ours("EXAMPLE", users[1]))
		return err == nil && a.Fetched()
	})
	mustNotLogIn(t, squid, origin, ours("EXAMPLE", users[0]))
}

// TestNTLMOff: the mode that refuses everybody.
func TestNTLMOff(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	squid, origin := startNTLM(t, users, "--mode off", "1 startup=1")
	answers := squid.Curl(t, byNTLM(origin, users[0]))
	mustRefuse(t, origin, answers)
	if got := answers[0].DenyText(); got != "This proxy does not accept NTLM logins." {
		t.Errorf("told %q", got)
	}
}

// TestNTLMFake: the helper that verifies nothing, by the C helper's name. Samba's
// client does not accept the C helper's challenge, and does accept ours.
func TestNTLMFake(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.NTLMAuth(programs.As(t, "ntlm", "ntlm_fake_auth"), "2 startup=1")}})
	origin := e2e.StartOrigin(t)
	mustFetch(t, origin, squid.Curl(t, byNTLM(origin, e2e.NTUser("anybody", "whatever"))))
	mustLogIn(t, squid, origin, bySamba(t, "DOM", users[1]), `DOM\bob`)
	mustLogIn(t, squid, origin, ours("Dom", users[0]), `Dom\alice`)
	mustSay(t, squid, "WARNING: this helper verifies nothing")
}

// TestNTLMReport: the cache manager sees every request answered.
func TestNTLMReport(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	squid, origin := startNTLM(t, users, "", "2 startup=2")
	for range 10 {
		mustLogIn(t, squid, origin, ours("EXAMPLE", users[0]), `EXAMPLE\alice`)
	}
	if asked, open := squid.Asked(t, ntlmReport), squid.Unanswered(t, ntlmReport); asked != 20 || open != 0 {
		t.Errorf("%d requests, %d without an answer; want 20 and none", asked, open)
	}
}
