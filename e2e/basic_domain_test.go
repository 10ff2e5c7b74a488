//go:build unix

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
)

// byDomain starts Squid with a program that asks the domain about passwords, after its
// own arguments, with lines for squid.conf.
func byDomain(t *testing.T, ad *e2e.Domain, program, arguments, extra string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	secret := filepath.Join(e2e.Dir(t), "secret")
	writeSecret(t, secret, e2e.AccountOf(t, "PROXY$").Password)
	command := strings.Join([]string{program,
		"--machine-account=PROXY$", "--machine-secret=" + secret, "--realm=" + e2e.ADRealm, "--dc=" + ad.Address(),
		"--state-dir=" + ad.ProxyStateDir(), arguments}, " ")
	var secrets []string
	for _, a := range e2e.Accounts() {
		secrets = append(secrets, a.Password)
	}
	squid := e2e.Start(t, e2e.Config{
		Auth:  []string{e2e.Basic(command, "2 startup=1 idle=1", "casesensitive on")},
		Extra: extra, Secrets: secrets,
	})
	return squid, e2e.StartOrigin(t)
}

// asUser is a request with the password of the account, by the name that is typed.
func asUser(t *testing.T, origin *e2e.Origin, typed, account string) e2e.Request {
	t.Helper()
	return e2e.Request{URL: origin.URL(), User: typed, Password: e2e.AccountOf(t, account).Password}
}

// TestWindowsPassword logs in to the domain in each way to type a name, and with each
// account that the controller refuses.
func TestWindowsPassword(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	squid, origin := byDomain(t, ad, programs.Path(t, "basic")+" --audit all --timeout 10s windows", "--domain "+e2e.ADDomain, "")
	for typed, account := range map[string]string{
		"alice": "alice", "ALICE": "alice", "bob": "bob", "jürgen": "jürgen", "manygroups": "manygroups",
		`EXAMPLE\alice`: "alice", "example/alice": "alice", `ad.example.test\jürgen`: "jürgen", "alice@ad.example.test": "alice", "PROXY2$": "PROXY2$",
	} {
		mustFetch(t, origin, squid.Curl(t, asUser(t, origin, typed, account)))
	}
	mustSay(t, squid, "login accepted", `user=EXAMPLE\jürgen`)
	for _, a := range e2e.Accounts() {
		if a.Refusal.Status == 0 {
			continue
		}
		mustRefuse(t, origin, squid.Curl(t, asUser(t, origin, a.Name, a.Name)))
		mustSay(t, squid, "login refused", "user="+a.Name, "reason="+adReasons[a.Refusal])
	}
	for typed, reason := range map[string]string{"recounted": "wrong-password", "nobody": "no-such-user"} {
		mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: typed, Password: "not-a-secret"}))
		mustSay(t, squid, "login refused", "user="+typed, "reason="+reason)
	}
	if n := ad.CountedGuesses(t, "recounted"); n != 1 {
		t.Errorf("one wrong password counted as %d", n)
	}
	a := squid.Curl(t, asUser(t, origin, `NOWHERE\mallory`, "mallory"))[0]
	if a.Fetched() || origin.Hits(a.URL) != 0 {
		t.Errorf("a domain that there is none of: status %d", a.Status)
	}
}

// TestWindowsPasswordGroups has our helper and squid.conf decide by group.
func TestWindowsPasswordGroups(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	group := ad.SID(t, "ProxyUsers")
	for name, variant := range map[string]struct{ extra, options string }{
		"helper": {"", "--require-group " + group.Text},
		"squid":  {"acl users note group " + group.Base64 + "\nacl known proxy_auth REQUIRED\nhttp_access deny known !users", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := byDomain(t, ad, programs.Path(t, "basic")+" windows", "--domain "+e2e.ADDomain+" "+variant.options, variant.extra)
			mustFetch(t, origin, squid.Curl(t, asUser(t, origin, "alice", "alice")))
			a := squid.Curl(t, asUser(t, origin, "mallory", "mallory"))[0]
			if a.Fetched() || origin.Hits(a.URL) != 0 {
				t.Errorf("mallory: status %d", a.Status)
			}
		})
	}
}

// TestWindowsPasswordOutage stops the domain controller: nobody is blamed for it, and
// all is well when it is back.
func TestWindowsPasswordOutage(t *testing.T) { // not in parallel with others of the domain
	ad := activeDirectory.Domain(t)
	squid, origin := byDomain(t, ad, programs.Path(t, "basic")+" --timeout 5s windows", "--domain "+e2e.ADDomain, "")
	mustFetch(t, origin, squid.Curl(t, asUser(t, origin, "alice", "alice")))
	helpers := squid.Helpers()
	outages := map[string]struct{ begin, end func() }{
		"bob":    {func() { ad.Stop(t) }, func() { ad.Start(t) }},
		"jürgen": {func() { ad.Freeze(t) }, func() { ad.Resume(t) }},
	}
	for _, user := range []string{"bob", "jürgen"} { // whom Squid does not remember
		outages[user].begin()
		mustNotTell(t, squid, origin, e2e.User{Name: user, Password: e2e.AccountOf(t, user).Password})
		mustSay(t, squid, "login undecided", "user="+user)
		outages[user].end()
		e2e.Eventually(t, 5*time.Second, user+" gets in again", func() bool {
			return squid.Curl(t, asUser(t, origin, user, user))[0].Fetched()
		})
	}
	if now := squid.Helpers(); fmt.Sprint(now) != fmt.Sprint(helpers) {
		t.Errorf("helpers were %v and are %v", helpers, now)
	}
}

// TestWindowsPasswordSlow has the domain controller stop and go while many logins are on
// their way: all get their answer, and it is the right one.
func TestWindowsPasswordSlow(t *testing.T) { // not in parallel with others of the domain
	const rounds, logins = 3, 12
	ad := activeDirectory.Domain(t)
	secret := filepath.Join(e2e.Dir(t), "secret")
	writeSecret(t, secret, e2e.AccountOf(t, "PROXY$").Password)
	helper := e2e.StartPeer(t, e2e.PeerConfig{AsProxy: true, Command: []string{
		programs.Path(t, "basic"), "--concurrency=20", "--timeout=10s", "windows", "--domain=" + e2e.ADDomain, "--dc=" + ad.Address(),
		"--machine-account=PROXY$", "--machine-secret=" + secret, "--state-dir=" + ad.ProxyStateDir(),
	}})
	users := []string{"alice", "bob", "jürgen", "manygroups"}
	line := func(n int) string {
		user := users[n%len(users)]
		return fmt.Sprintf("%d %s %s", n, rfc1738(user), rfc1738(e2e.AccountOf(t, user).Password))
	}
	if got := helper.Ask(t, line(0)); !strings.HasPrefix(got, "0 OK") {
		t.Fatalf("%q\n%s", got, helper.Log())
	}
	for range rounds {
		ad.Freeze(t)
		for n := range logins {
			helper.Say(t, line(n))
		}
		time.Sleep(500 * time.Millisecond) // a slow controller: well within the time limit
		ad.Resume(t)
		for range logins {
			if got := helper.Next(t); !strings.Contains(got, " OK") {
				t.Errorf("%q\n%s", got, helper.Log())
			}
		}
	}
}

// TestWindowsPasswordOldNames logs in with programs in the place of others. Samba's
// ntlm_auth stands for ours of NTLM, which hands Basic on.
func TestWindowsPasswordOldNames(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	programs.Path(t, "basic") // beside the other
	group := " --require-group=" + ad.SID(t, "ProxyUsers").Text + " "
	dir := e2e.Dir(t)
	msnt := writePlain(t, dir, "msntauth.conf", "# PDC, BDC, domain\nserver "+ad.Address()+" "+ad.Address()+" "+e2e.ADDomain+
		"\nallowusers "+writePlain(t, dir, "allowed", "alice\nbob\ndisabled\n")+"\n")
	for name, c := range map[string]struct {
		program, arguments string
		alice              string // as she types it
	}{
		"ntlm_auth":                    {"ntlm", "--helper-protocol=squid-2.5-basic --diagnostics --domain=" + e2e.ADDomain + " --require-membership-of=" + ad.SID(t, "ProxyUsers").Text, "alice"},
		"basic_smb_auth":               {"basic", group + "-W " + e2e.ADDomain, "alice"},
		"basic_smb_lm_auth":            {"basic", group + e2e.ADDomain + "/" + ad.Address(), "alice"},
		"basic_msnt_auth":              {"basic", msnt, "alice"},
		"basic_msnt_multi_domain_auth": {"basic", group + "--domain=" + e2e.ADDomain, `EXAMPLE\alice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := byDomain(t, ad, programs.As(t, c.program, name), c.arguments, "")
			mustFetch(t, origin, squid.Curl(t, asUser(t, origin, c.alice, "alice"), asUser(t, origin, `EXAMPLE\bob`, "bob")))
			mustRefuse(t, origin, squid.Curl(t, asUser(t, origin, `EXAMPLE\mallory`, "mallory"), asUser(t, origin, `EXAMPLE\disabled`, "disabled")))
		})
	}
}

// writePlain writes a file that everybody can read, and returns its path.
func writePlain(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
