//go:build unix

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"squidauth/e2e"
)

// adOptions are the options with which our programs ask the domain's controller.
func adOptions(t *testing.T, ad *e2e.Domain) string {
	t.Helper()
	secret := filepath.Join(e2e.Dir(t), "secret")
	if err := os.WriteFile(secret, []byte(e2e.AccountOf(t, "PROXY$").Password+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{"--domain=" + e2e.ADDomain, "--dc=" + ad.Address(),
		"--machine-account=PROXY$", "--machine-secret=" + secret, "--state-dir=" + ad.ProxyStateDir()}, " ")
}

// adNTLM starts Squid with our NTLM helper for the domain, called as it is or as
// Samba's ntlm_auth, with more options.
func adNTLM(t *testing.T, ad *e2e.Domain, program, options, children string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	command := strings.Join([]string{program, adOptions(t, ad), "--realm=" + e2e.ADRealm, options}, " ")
	return e2e.Start(t, e2e.Config{Auth: []string{e2e.NTLMAuth(command, children)}}), e2e.StartOrigin(t)
}

// adUser is an account of the domain for a client.
func adUser(t *testing.T, name string) e2e.User {
	t.Helper()
	return e2e.NTUser(name, e2e.AccountOf(t, name).Password)
}

// TestNTLMAD logs in to the domain with clients of others, and with each account
// that the controller refuses. The client is not told why.
func TestNTLMAD(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	squid, origin := adNTLM(t, ad, programs.Path(t, "ntlm"), "--audit all", "5 startup=2 idle=1")
	for name, client := range map[string]func(string, e2e.User) e2e.NTLMMessages{"ours": ours, "Azure": byAzure, "bodgit": byBodgit} {
		t.Run(name, func(t *testing.T) {
			for _, user := range []string{"alice", "jürgen", "bob", "manygroups"} {
				mustLogIn(t, squid, origin, client(e2e.ADDomain, adUser(t, user)), e2e.ADDomain+`\`+user)
			}
			mustNotLogIn(t, squid, origin, client(e2e.ADDomain, e2e.NTUser("jürgen", "not-a-secret")))
		})
	}
	mustFetch(t, origin, squid.Curl(t, byNTLM(origin, adUser(t, "alice"))))
	for _, a := range e2e.Accounts() {
		if a.Refusal.Status == 0 {
			continue
		}
		mustNotLogIn(t, squid, origin, ours(e2e.ADDomain, e2e.NTUser(a.Name, a.Password)))
		mustSay(t, squid, "login refused", a.Name, "reason="+adReasons[a.Refusal], "backend=netlogon")
	}
	for user, reason := range map[string]string{"alice": "wrong-password", "nobody": "no-such-user"} {
		answers := squid.Curl(t, byNTLM(origin, e2e.NTUser(user, "not-a-secret")))
		mustRefuse(t, origin, answers)
		if got := answers[0].DenyText(); got != "Wrong user name or password" {
			t.Errorf("%s is told %q", user, got)
		}
		mustSay(t, squid, "login refused", user, "reason="+reason)
	}
}

// adReasons are those of the audit log.
var adReasons = map[e2e.Refusal]string{
	e2e.Disabled: "account-disabled", e2e.MustChangePassword: "password-must-change", e2e.LockedOut: "account-locked-out",
	e2e.PasswordExpired: "password-expired", e2e.InvalidLogonHours: "logon-hours", e2e.AccountExpired: "account-expired",
	e2e.InvalidWorkstation: "workstation-not-allowed",
}

// TestNTLMADGroups has our helper, called as the programs that it replaces too, decide by
// group. Alice is in ProxyUsers through another group.
func TestNTLMADGroups(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	group := ad.SID(t, "ProxyUsers").Text
	for name, c := range map[string]struct{ options, alice string }{
		"ntlm":             {"--require-group=" + group, e2e.ADDomain + `\alice`},
		"ntlm_auth":        {"--helper-protocol=squid-2.5-ntlmssp --require-membership-of=" + group, e2e.ADDomain + `\alice`},
		"ntlm_smb_lm_auth": {"--require-group=" + group + " -b " + e2e.ADDomain + "/" + ad.Address(), strings.ToLower(e2e.ADDomain) + `\alice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := adNTLM(t, ad, programs.As(t, "ntlm", name), c.options, "5 startup=2 idle=1")
			mustLogIn(t, squid, origin, ours(e2e.ADDomain, adUser(t, "alice")), c.alice)
			mustNotLogIn(t, squid, origin, ours(e2e.ADDomain, adUser(t, "mallory")))
			mustSay(t, squid, "login refused", "mallory", "reason=not-in-required-group")
		})
	}
}

// TestNTLMADCrowd has 20 clients log in at once on 20 helpers that have just been
// started, all on one machine account.
func TestNTLMADCrowd(t *testing.T) {
	t.Parallel()
	const clients, logins = 20, 3
	ad := activeDirectory.Domain(t)
	squid, origin := adNTLM(t, ad, programs.Path(t, "ntlm"), "", fmt.Sprint(clients, " startup=", clients, " idle=1"))
	users := []string{"alice", "bob", "jürgen", "manygroups"}
	var crowd sync.WaitGroup
	for i := range clients {
		crowd.Go(func() {
			for range logins {
				user := users[i%len(users)]
				mustLogIn(t, squid, origin, ours(e2e.ADDomain, adUser(t, user)), e2e.ADDomain+`\`+user)
			}
		})
	}
	crowd.Wait()
	if asked, open := squid.Asked(t, ntlmReport), squid.Unanswered(t, ntlmReport); asked != 2*clients*logins || open != 0 {
		t.Errorf("%d requests, %d not answered", asked, open)
	}
}

// TestNTLMADRestart stops the domain controller while clients log in: nobody gets in,
// nobody is told that the password is wrong, no helper ends, and all is well again
// when it is back.
func TestNTLMADRestart(t *testing.T) { // not in parallel with others of the domain
	ad := activeDirectory.Domain(t)
	metrics := e2e.ProxyDir(t)
	squid, origin := adNTLM(t, ad, programs.Path(t, "ntlm"), "--timeout 5s --metrics "+metrics, "4 startup=4 idle=1")
	alice := ours(e2e.ADDomain, adUser(t, "alice"))
	mustLogIn(t, squid, origin, alice, e2e.ADDomain+`\alice`)
	ad.Stop(t)
	for range 6 {
		url := origin.URL()
		if a, err := squid.Connect(t).Login(url, alice); err == nil && (a.Fetched() || origin.Hits(url) != 0) {
			t.Errorf("without a controller: status %d, %.80q", a.Status, a.Body)
		}
	}
	mustSay(t, squid, "login undecided", "reason=no-domain-controller")
	ad.Start(t)
	e2e.Eventually(t, soon, "alice gets in again", func() bool {
		a, err := squid.Connect(t).Login(origin.URL(), alice)
		return err == nil && a.Fetched()
	})
	if log := squid.CacheLog(); strings.Contains(log, "reason=wrong-password") {
		t.Error("somebody was blamed for the controller's absence")
	}
	e2e.Eventually(t, soon, "the controller's ups and downs among the metrics", func() bool {
		content, err := os.ReadFile(filepath.Join(metrics, "squidauth-ntlm.prom"))
		text := string(content)
		return err == nil && strings.Contains(text, `controller="`+ad.Address()+`",end="answered"}`) && strings.Contains(text, `end="failed"}`)
	})
}
