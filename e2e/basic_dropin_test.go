//go:build unix

package e2e_test

import (
	"net/url"
	"testing"

	"squidauth/e2e"
)

// TestSambaBasic asks Samba's ntlm_auth and ours by its name the same, of the same
// domain.
func TestSambaBasic(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	programs.Path(t, "basic") // beside the other
	secret := e2e.Dir(t) + "/secret"
	writeSecret(t, secret, e2e.AccountOf(t, "PROXY$").Password)
	ours := e2e.StartPeer(t, e2e.PeerConfig{Command: []string{
		programs.As(t, "ntlm", "ntlm_auth"), "--helper-protocol=squid-2.5-basic", "--domain=" + e2e.ADDomain, "--realm=" + e2e.ADRealm,
		"--dc=" + ad.Address(), "--machine-account=PROXY$", "--machine-secret=" + secret, "--state-dir=" + ad.StateDir(),
	}, Env: []string{"PATH=/usr/bin:/bin"}})
	theirs := e2e.StartPeer(t, e2e.PeerConfig{Foreign: true, Command: ad.Inside(t,
		e2e.Need(t, "ntlm_auth"), "--helper-protocol=squid-2.5-basic", "--configfile="+ad.Config()), Env: ad.Env()})
	alice, bob := url.PathEscape(e2e.AccountOf(t, "alice").Password), url.PathEscape(e2e.AccountOf(t, "bob").Password)
	never := e2e.AccountOf(t, "disabled").Password
	for _, line := range []string{
		"alice " + alice, "ALICE " + alice, "EXAMPLE%5Calice " + alice, `example\bob ` + bob, "bob " + bob,
		"j%C3%BCrgen " + url.PathEscape(e2e.AccountOf(t, "jürgen").Password), "alice@ad.example.test " + alice,
		"bob not-a-secret", "nobody " + alice, `NOWHERE\alice ` + alice,
		"disabled " + never, "locked-out " + never, "must-change " + never, "elsewhere " + never,
		"alice", "alice ", " " + alice,
	} {
		want, got := theirs.Ask(t, line), ours.Ask(t, line)
		if want != got {
			t.Errorf("%q: Samba says %q, ours %q", line, want, got)
		}
	}
}
