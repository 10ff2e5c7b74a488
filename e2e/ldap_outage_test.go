//go:build unix

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"squidauth/e2e"
	"squidauth/protocol"
)

// outageHelper is a command line for tests in which servers do not answer: in less
// than the 20 seconds that a helper has by default.
func outageHelper(t *testing.T, urls ...string) string {
	t.Helper()
	if *cHelper {
		t.Skip("the C helper waits for ever")
	}
	command := programs.Path(t, "basic") + " --concurrency 20 --timeout 3s ldap --connections 20 --connect-timeout 1s --answer-timeout 1s" +
		" --filter uid=%s --base " + e2e.SlapdPeople
	return command + " --url " + strings.Join(urls, " --url ")
}

const outageChildren = "1 startup=1 idle=1 concurrency=20"

// outages are the ways in which a server is not there, and comes back.
var outages = map[string]struct {
	begin, end func(*testing.T, *e2e.Slapd, *e2e.Relay)
}{
	"stopped": {
		func(t *testing.T, s *e2e.Slapd, _ *e2e.Relay) { s.Stop(t) },
		func(t *testing.T, s *e2e.Slapd, _ *e2e.Relay) { s.Start(t) },
	},
	"killed": {
		func(t *testing.T, s *e2e.Slapd, _ *e2e.Relay) { s.Kill(t) },
		func(t *testing.T, s *e2e.Slapd, _ *e2e.Relay) { s.Start(t) },
	},
	"frozen": {
		func(t *testing.T, s *e2e.Slapd, _ *e2e.Relay) { s.Freeze(t) },
		func(t *testing.T, s *e2e.Slapd, _ *e2e.Relay) { s.Resume(t) },
	},
	"silent network": {
		func(_ *testing.T, _ *e2e.Slapd, r *e2e.Relay) { r.Stall() },
		func(_ *testing.T, _ *e2e.Slapd, r *e2e.Relay) { r.Resume() },
	},
}

// TestLDAPOutage takes the only server away and gives it back: nobody is told that
// the password is wrong, and all is well again soon, with the same helper.
func TestLDAPOutage(t *testing.T) {
	t.Parallel()
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
			relay := e2e.StartRelay(t, slapd.Address(), 0)
			squid, origin := ldapSquid(t, slapd, outageHelper(t, "ldap://"+relay.Address()), outageChildren)
			mustFetch(t, origin, squid.Curl(t, login(origin, "alice")))
			before := squid.Helpers()

			outage.begin(t, slapd, relay)
			mustRefuse(t, origin, squid.Curl(t, login(origin, "bob")))
			mustSay(t, squid, "login undecided", "user=bob ", "outcome=BH", "reason=server-unavailable", "ldap://"+relay.Address())
			if strings.Contains(squid.CacheLog(), "login refused") {
				t.Error("bob is told that the password is wrong")
			}
			outage.end(t, slapd, relay)
			e2e.Eventually(t, recovery, "a login", func() bool {
				return squid.Curl(t, login(origin, "carol"))[0].Fetched()
			})
			if after := squid.Helpers(); !slices.Equal(before, after) {
				t.Errorf("helpers %v before, %v after", before, after)
			}
		})
	}
}

// TestLDAPSecondServer has a second server answer when the first does not, from the
// start or from the middle of everything.
func TestLDAPSecondServer(t *testing.T) {
	t.Parallel()
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := e2e.StartSlapd(t, e2e.SlapdConfig{}), e2e.StartSlapd(t, e2e.SlapdConfig{})
			relay := e2e.StartRelay(t, first.Address(), 0)
			alice, bob, carol := e2e.PersonOf("alice"), e2e.PersonOf("bob"), e2e.PersonOf("carol")
			start := func() *e2e.Peer {
				return e2e.StartPeer(t, e2e.PeerConfig{Command: strings.Fields(outageHelper(t, "ldap://"+relay.Address(), second.URI())), AsProxy: true})
			}
			outage.begin(t, first, relay)
			mustEnd(t, start(), alice.Name, alice.Password, protocol.ResultOK)
			mustBind(t, second, alice, 0)

			outage.end(t, first, relay)
			helper := start()
			mustEnd(t, helper, bob.Name, bob.Password, protocol.ResultOK)
			mustBind(t, first, bob, 0)
			outage.begin(t, first, relay)
			// A password that the first server has got, and perhaps counted, is not sent to
			// the second; Squid asks again, and then the second is the first.
			mustEnd(t, helper, carol.Name, carol.Password, protocol.ResultOK)
			mustBind(t, second, carol, 0)
			mustEnd(t, helper, carol.Name, "not-the-password", protocol.ResultERR)
			mustBind(t, second, carol, 0, 49)
		})
	}
}

// mustEnd asks a helper that has concurrency up to three times, as Squid does of
// one that cannot tell.
func mustEnd(t *testing.T, helper *e2e.Peer, user, password string, want protocol.Result) {
	t.Helper()
	var reply string
	for range 3 {
		_, reply, _ = strings.Cut(helper.Ask(t, "1 "+rfc1738(user)+" "+rfc1738(password)), " ")
		if protocol.ParseReply([]byte(reply)).Result != protocol.ResultBH {
			break
		}
	}
	if protocol.ParseReply([]byte(reply)).Result != want {
		t.Errorf("%s: %q, want %v", user, reply, want)
	}
}

// TestLDAPSlow has a server far away, and many clients: every request is answered, by
// the answer to that request, and they do not wait for one another.
func TestLDAPSlow(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	relay := e2e.StartRelay(t, slapd.Address(), 20*time.Millisecond)
	squid, origin := ldapSquid(t, slapd, outageHelper(t, "ldap://"+relay.Address()), outageChildren)
	crowd := e2e.Crowd()
	lists := make([][]e2e.Request, clients)
	isRight := make(map[string]bool)
	for client := range clients {
		for n := range perLDAPClient {
			own := crowd[client*perLDAPClient+n]
			other := crowd[(client*perLDAPClient+n+perLDAPClient)%len(crowd)]
			r := right(origin, own.Login())
			if n%3 == 2 {
				r = wrong(origin, own.Login(), other.Password)
			}
			isRight[r.URL] = n%3 != 2
			lists[client] = append(lists[client], r)
		}
	}
	var good, bad []e2e.Answer
	for _, a := range squid.Parallel(t, lists...) {
		if isRight[a.URL] {
			good = append(good, a)
		} else {
			bad = append(bad, a)
		}
	}
	mustFetch(t, origin, good)
	mustRefuse(t, origin, bad)
	for n := range clients * perLDAPClient {
		want := 0
		if n%perLDAPClient%3 == 2 {
			want = 49
		}
		mustBind(t, slapd, crowd[n], want)
	}
	if n := relay.Connections(); n > 40 {
		t.Errorf("%d connections for 20 requests at a time", n)
	}
}

const perLDAPClient = 12

// TestLDAPFreezesUnderLoad freezes the server with many clients at work, and resumes
// it: nobody with the right password is told that it is wrong, and nobody waits for
// ever.
func TestLDAPFreezesUnderLoad(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	squid, origin := ldapSquid(t, slapd, outageHelper(t, slapd.URI()), outageChildren)
	crowd := e2e.Crowd()
	load := squid.StartLoad(t, loadClients, func(client, n int) e2e.Request {
		return right(origin, crowd[(client*100+n)%len(crowd)].Login())
	})
	served := func(what string) {
		t.Helper()
		n := load.Count()
		e2e.Eventually(t, soon, what, func() bool { return load.Count() > n+loadClients*10 })
	}
	served("logins")
	slapd.Freeze(t)
	e2e.Eventually(t, soon, "an undecided login", func() bool { return strings.Contains(squid.CacheLog(), "login undecided") })
	slapd.Resume(t)
	served("logins again")
	answers := load.Stop(t)
	if log := squid.CacheLog(); strings.Contains(log, "login refused") || strings.Contains(log, "outcome=ERR") {
		t.Error("somebody is told that the password is wrong")
	}
	refused := 0
	for _, a := range answers {
		switch {
		case a.Refused():
			refused++
		case !a.Fetched():
			t.Errorf("status %d, curl exit %d", a.Status, a.Exit)
		}
	}
	t.Logf("%d of %d requests found no server", refused, len(answers))
	if asked := len(squid.Helpers()); asked != 1 {
		t.Errorf("%d helpers", asked)
	}
}

// TestLDAPDeadline has a frozen server keep as many requests as there may be at a
// time: each is answered when its time is over.
func TestLDAPDeadline(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	helper := e2e.StartPeer(t, e2e.PeerConfig{Command: strings.Fields(outageHelper(t, slapd.URI())), AsProxy: true})
	alice := e2e.PersonOf("alice")
	slapd.Freeze(t)
	for n := range 20 {
		helper.Say(t, fmt.Sprintf("%d alice %s", n, alice.Password))
	}
	for range 20 {
		_, reply, _ := strings.Cut(helper.Next(t), " ")
		if got := protocol.ParseReply([]byte(reply)).Result; got != protocol.ResultBH {
			t.Errorf("%q from a frozen server", reply)
		}
	}
	slapd.Resume(t)
	e2e.Eventually(t, recovery, "a login", func() bool {
		return strings.HasPrefix(helper.Ask(t, "1 alice "+alice.Password), "1 OK")
	})
}

// TestLDAPFrozenCounts has a wrong password go to a frozen server, which counts it when
// it resumes, as one: it does not lock the account, though Squid asks three times.
func TestLDAPFrozenCounts(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	command := strings.Replace(outageHelper(t, slapd.URI()), "--filter uid=%s", "--user-attribute uid", 1)
	squid, origin := ldapSquid(t, slapd, command, outageChildren)
	mustFetch(t, origin, squid.Curl(t, login(origin, "alice")))
	slapd.Freeze(t)
	lockable := e2e.PersonOf("lockable")
	mustRefuse(t, origin, squid.Curl(t, wrong(origin, lockable.Login(), "not-the-password")))
	slapd.Resume(t)
	e2e.Eventually(t, recovery, "a login", func() bool {
		return squid.Curl(t, login(origin, "lockable"))[0].Fetched()
	})
	if got := len(slapd.BindsOf(lockable.DN())); got != 2 {
		t.Errorf("%d binds, want one with each password", got)
	}
}

// TestLDAPServicePassword changes the service's password in the directory, and later
// in its file. The wrong one is sent once.
func TestLDAPServicePassword(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	file := servicePassword(t)
	command := ldap(t, slapd, "--filter uid=%s --base "+e2e.SlapdBase+" --bind-dn "+e2e.SlapdService+" --bind-password-file "+file)
	helper := e2e.StartPeer(t, e2e.PeerConfig{Command: strings.Fields(command), AsProxy: true})
	dave := e2e.StaffPerson()
	result := func() protocol.Result {
		return protocol.ParseReply([]byte(helper.Ask(t, dave.Name+" "+dave.Password))).Result
	}
	if got := result(); got != protocol.ResultOK {
		t.Errorf("got %v", got)
	}
	slapd.SetPassword(t, e2e.SlapdService, "another-password")
	slapd.Stop(t) // and with it the connection that knows the old password
	slapd.Start(t)
	for range 3 {
		if got := result(); got != protocol.ResultBH {
			t.Errorf("with the service's old password: %v", got)
		}
	}
	mustExplain(t, helper, "login undecided", "user=dave ", "reason=service-account-refused")
	mustBindAs(t, slapd, e2e.SlapdService, 0, 49)
	writeSecret(t, file, "another-password")
	e2e.Eventually(t, recovery, "a login", func() bool { return result() == protocol.ResultOK })
	mustBindAs(t, slapd, e2e.SlapdService, 0, 49, 0)
	mustBind(t, slapd, dave, 0, 0)
	if log := helper.Log(); strings.Contains(log, "another-password") || strings.Contains(log, e2e.SlapdServicePassword) {
		t.Error("the log has a password")
	}
}

// TestLDAPTerminated ends the helper with requests at a slow server: they are
// answered first.
func TestLDAPTerminated(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	relay := e2e.StartRelay(t, slapd.Address(), 100*time.Millisecond)
	helper := e2e.StartPeer(t, e2e.PeerConfig{Command: strings.Fields(outageHelper(t, "ldap://"+relay.Address())), AsProxy: true})
	crowd := e2e.Crowd()
	for n := range 10 {
		helper.Say(t, fmt.Sprintf("%d %s %s", n, crowd[n].Name, crowd[n].Password))
	}
	e2e.Eventually(t, soon, "a search", func() bool { return len(slapd.Searches()) > 0 })
	helper.Signal(t, syscall.SIGTERM)
	for range 10 {
		if reply := helper.Next(t); !strings.HasSuffix(reply, " OK") {
			t.Errorf("%q", reply)
		}
	}
}
