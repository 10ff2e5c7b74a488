//go:build unix

package e2e_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"squidauth/e2e"
)

const cLDAPPath = "/usr/lib/squid/basic_ldap_auth"

// cLDAP returns Squid's own helper with the arguments, which asks a Slapd.
func cLDAP(t *testing.T, slapd *e2e.Slapd, args ...string) *e2e.Peer {
	t.Helper()
	return cLDAPWith(t, []string{"LDAPTLS_CACERT=" + slapd.CAFile(), "LC_ALL=C"}, args...)
}

func cLDAPWith(t *testing.T, env []string, args ...string) *e2e.Peer {
	t.Helper()

	if _, err := os.Stat(cLDAPPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	return e2e.StartPeer(t, e2e.PeerConfig{
		Command: append([]string{cLDAPPath}, args...), AsProxy: true, Foreign: true, Env: env,
	})
}

// TestSlapd shows that the directory server works with a helper that is known to
// work, so that a failure elsewhere is not the harness's.
func TestSlapd(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	relay := e2e.StartRelay(t, slapd.Address(), time.Millisecond)
	alice := e2e.PersonOf("alice")
	for n, server := range [][]string{
		{slapd.URI()}, {"-Z", slapd.URI()}, {slapd.SecureURI()}, {slapd.SocketURI()}, {"-H", "ldap://" + relay.Address()},
	} {
		helper := cLDAP(t, slapd, append([]string{"-P", "-b", e2e.SlapdPeople, "-f", "uid=%s"}, server...)...)
		if got := helper.Ask(t, "alice "+alice.Password); got != "OK " {
			t.Errorf("%q: right password: %q", server, got)
		}
		if got := helper.Ask(t, "alice not-a-password"); got != "ERR Invalid credentials" {
			t.Errorf("%q: wrong password: %q", server, got)
		}
		mustBind(t, slapd, alice, slices.Repeat([]int{0, 49}, n+1)...)
	}
	if n := relay.Connections(); n != 1 {
		t.Errorf("%d connections through the relay", n)
	}
	if got := slapd.Searches(); len(got) != 10 || got[0] != "(uid=alice)" {
		t.Errorf("the server counts searches for %q", got)
	}
}

// TestSlapdCertificate has a server that wants TLS, and certificates of its clients.
func TestSlapdCertificate(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{WantsCertificate: true, WantsTLS: true})
	alice := e2e.PersonOf("alice")
	certificate, key := slapd.ClientCertificate(t, "proxy")
	env := []string{"LDAPTLS_CACERT=" + slapd.CAFile(), "LDAPTLS_CERT=" + certificate, "LDAPTLS_KEY=" + key}
	helper := cLDAPWith(t, env, "-P", "-b", e2e.SlapdPeople, slapd.SecureURI())
	if got := helper.Ask(t, "alice "+alice.Password); got != "OK " {
		t.Errorf("with a certificate: %q", got)
	}
	helper = cLDAP(t, slapd, "-P", "-b", e2e.SlapdPeople, slapd.URI())
	if got := helper.Ask(t, "alice "+alice.Password); got != "BH Confidentiality required" {
		t.Errorf("without TLS: %q", got)
	}
	mustBind(t, slapd, alice, 0, 13)
}

// TestSlapdStops stops, freezes and kills the server, and the network to it.
func TestSlapdStops(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	relay := e2e.StartRelay(t, slapd.Address(), 0)
	alice := e2e.PersonOf("alice")
	helper := cLDAP(t, slapd, "-P", "-b", e2e.SlapdPeople, "-H", "ldap://"+relay.Address())
	binds := 0
	ask := func(want string) {
		t.Helper()
		if got := helper.Ask(t, "alice "+alice.Password); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if want == "OK " { // which the server logs when it has sent its answer
			binds++
			e2e.Poll(soon, func() bool { return len(slapd.Binds()) >= binds })
		}
	}
	const down = "BH Can't contact LDAP server"
	ask("OK ")
	for _, end := range []func(testing.TB){slapd.Stop, slapd.Kill} {
		end(t)
		ask(down)
		slapd.Start(t)
		ask("OK ")
	}
	relay.Cut()
	ask("OK ")
	for _, pause := range []struct{ begin, end func() }{
		{func() { slapd.Freeze(t) }, func() { slapd.Resume(t) }},
		{relay.Stall, relay.Resume},
	} {
		pause.begin()
		before := len(slapd.Binds())
		released := make(chan struct{})
		go func() {
			defer close(released)
			e2e.Poll(300*time.Millisecond, func() bool { return len(slapd.Binds()) > before })
			if len(slapd.Binds()) > before {
				t.Error("the server answers")
			}
			pause.end()
		}()
		ask("OK ")
		<-released
	}
	if got := len(slapd.Binds()); got != 6 {
		t.Errorf("%d binds in all, want 6", got)
	}
}
