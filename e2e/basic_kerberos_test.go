//go:build unix

package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
)

// domainUsers are users of a KDC. Alice need not prove her password before she gets a
// ticket, the others have to.
func domainUsers() []e2e.User {
	users := []e2e.User{{Name: "alice", Password: "alices-secret"}}
	for _, name := range []string{"bob", "jürgen", "disabled", "expired", "old-password", "must-change", "locked-out"} {
		users = append(users, e2e.User{Name: name, Password: name + "'s-Grüße-100%-€"})
	}
	return users
}

// passwordKDC starts a KDC with the users, and returns it with a keytab of the proxy.
func passwordKDC(t *testing.T, users []e2e.User) (k *e2e.KDC, keytab string) {
	t.Helper()
	k = e2e.StartKDC(t, users, namedService)
	keytab = e2e.Dir(t) + "/http.keytab"
	k.Keytab(t, keytab, namedService)
	for _, u := range users[1:] {
		k.Admin(t, "modprinc +requires_preauth "+u.Name)
	}
	return k, keytab
}

// byKDC starts Squid with a helper that asks KDCs, with more options.
func byKDC(t *testing.T, keytab, options string, users []e2e.User, kdcs ...string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	command := fmt.Sprintf("%s --concurrency 20 --audit all --timeout 6s kerberos --realm %s --keytab %s --kdc %s %s",
		programs.Path(t, "basic"), e2e.Realm, keytab, strings.Join(kdcs, ","), options)
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Basic(command, "1 startup=1 idle=1 concurrency=20", "casesensitive on")},
		Secrets: e2e.Secrets(users),
	})
	return squid, e2e.StartOrigin(t)
}

// TestKerberosPassword logs in and does not, with each kind of account.
func TestKerberosPassword(t *testing.T) {
	t.Parallel()
	users := domainUsers()
	k, keytab := passwordKDC(t, users)
	k.AddUser(t, e2e.OtherRealm, e2e.User{Name: "carol", Password: "carols-secret"})
	k.Admin(t, "modprinc -allow_tix disabled")
	k.Admin(t, `modprinc -expire "2020-01-01 00:00:00" expired`)
	k.Admin(t, `modprinc -pwexpire "2020-01-01 00:00:00" old-password`)
	k.Admin(t, "modprinc +needchange must-change")
	k.Admin(t, "addpol -maxfailure 1 strict")
	k.Admin(t, "modprinc -policy strict locked-out")
	squid, origin := byKDC(t, keytab, "", users, k.Address())
	mustFetch(t, origin, squid.Curl(t, right(origin, users[0]), right(origin, users[1]), right(origin, users[2])))
	for _, u := range users[:3] {
		mustRefuse(t, origin, squid.Curl(t, wrong(origin, u, "not-a-secret")))
		mustSay(t, squid, "login refused", u.Name, "reason=wrong-password")
	}
	if n := k.Failures(t, "bob"); n != 1 {
		t.Errorf("one wrong password counted as %d", n)
	}
	mustRefuse(t, origin, squid.Curl(t, wrong(origin, users[7], "not-a-secret")))
	for i, reason := range []string{"account-disabled-or-locked", "account-expired", "password-expired", "password-expired", "account-disabled-or-locked"} {
		mustRefuse(t, origin, squid.Curl(t, right(origin, users[3+i])))
		mustSay(t, squid, "login refused", users[3+i].Name, "reason="+reason)
	}
	for name, reason := range map[string]string{
		"nobody": "no-such-user", "alice@" + e2e.Realm: "illegal-name", "carol@" + e2e.OtherRealm: "illegal-name", "alice/admin": "illegal-name",
	} {
		mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: name, Password: users[0].Password}))
		mustSay(t, squid, "login refused", name, "reason="+reason)
	}
}

// TestKerberosPasswordNames has users of two realms, who type their names in each way
// that is allowed.
func TestKerberosPasswordNames(t *testing.T) {
	t.Parallel()
	users := domainUsers()[:2]
	k, keytab := passwordKDC(t, users)
	carol := e2e.User{Name: "carol", Password: "carols-secret"}
	k.AddUser(t, e2e.OtherRealm, carol)
	command := fmt.Sprintf(`%s --audit all kerberos --realm %s --realm %s --permit-principal --domain EXAMPLE=%[2]s --keytab %[4]s`,
		programs.Path(t, "basic"), e2e.Realm, e2e.OtherRealm, keytab)
	squid := e2e.Start(t, e2e.Config{
		Auth: []string{e2e.Basic(command, "2 startup=1 idle=1")},
		Env:  k.Env(), Secrets: append(e2e.Secrets(users), carol.Password),
	})
	origin := e2e.StartOrigin(t)
	for name, u := range map[string]e2e.User{
		"bob": users[1], "bob@example.test": users[1], `EXAMPLE\bob`: users[1], `example\alice`: users[0], "carol@" + e2e.OtherRealm: carol,
	} {
		mustFetch(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: name, Password: u.Password}))
	}
	for _, name := range []string{"carol", `OTHER\carol`, "carol@NOWHERE.TEST"} {
		mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: name, Password: carol.Password}))
	}
	mustSay(t, squid, "login accepted", "user=carol@OTHER.TEST")
}

// TestKerberosPasswordSpoofed has somebody answer in the KDC's place who knows what
// password will be tried, but not the proxy's key.
func TestKerberosPasswordSpoofed(t *testing.T) {
	t.Parallel()
	users := domainUsers()[:2]
	_, keytab := passwordKDC(t, users)
	false1, _ := passwordKDC(t, users)
	squid, origin := byKDC(t, keytab, "", users, false1.Address())
	for _, u := range users {
		mustNotTell(t, squid, origin, u)
	}
	mustSay(t, squid, "login undecided", "reason=kdc-not-verified", "somebody answers in the KDC's place")
}

// mustNotTell has a right password that cannot be checked: the user is not let in, and
// the helper does not say that it is wrong.
func mustNotTell(t *testing.T, squid *e2e.Squid, origin *e2e.Origin, u e2e.User) {
	t.Helper()
	for _, a := range squid.Curl(t, right(origin, u)) {
		if a.Fetched() || origin.Hits(a.URL) != 0 || a.Exit != 0 {
			t.Errorf("%s: status %d, curl exit %d, %.80q", u.Name, a.Status, a.Exit, a.Body)
		}
	}
	if log := squid.CacheLog(); strings.Contains(log, "reason=wrong-password") {
		t.Error("a user was told that the password is wrong")
	}
}

// TestKerberosPasswordOutage kills and freezes the KDC: nobody is blamed for it, and all
// is well soon after it is back.
func TestKerberosPasswordOutage(t *testing.T) {
	t.Parallel()
	users := domainUsers()[:3]
	k, keytab := passwordKDC(t, users)
	squid, origin := byKDC(t, keytab, "", users, k.Address())
	helpers := squid.Helpers()
	mustFetch(t, origin, squid.Curl(t, right(origin, users[1])))
	for i, outage := range []struct{ begin, end func(testing.TB) }{{k.Kill, k.Restart}, {k.Freeze, k.Resume}} {
		user := users[2*i] // whom Squid does not remember
		outage.begin(t)
		mustNotTell(t, squid, origin, user)
		mustSay(t, squid, "login undecided", "user="+user.Name, "reason=server-unavailable")
		outage.end(t)
		e2e.Eventually(t, 5*time.Second, user.Name+" gets in again", func() bool {
			return squid.Curl(t, right(origin, user))[0].Fetched()
		})
	}
	if now := squid.Helpers(); fmt.Sprint(now) != fmt.Sprint(helpers) {
		t.Errorf("helpers were %v and are %v", helpers, now)
	}
}

// TestKerberosPasswordSlow has the first of two KDCs take its time, less than a
// request may take and more: everybody gets in by the other one. When both take too
// long, nobody is blamed.
func TestKerberosPasswordSlow(t *testing.T) {
	t.Parallel()
	users := domainUsers()[:2]
	k, keytab := passwordKDC(t, users)
	slow := e2e.StartDetour(t, k.Address())
	squid, origin := byKDC(t, keytab, "", users, slow.Address(), k.Address())
	for _, delay := range []time.Duration{time.Second, time.Minute} {
		slow.Delay(delay)
		load := squid.StartLoad(t, 4, func(client, n int) e2e.Request { return right(origin, users[n%2]) })
		e2e.Eventually(t, 30*time.Second, "logins by the other KDC", func() bool { return load.Count() >= 40 })
		mustFetch(t, origin, load.Stop(t))
	}
	if slow.Count() == 0 {
		t.Error("the slow KDC was not asked")
	}
	only, origin := byKDC(t, keytab, "", users, slow.Address())
	mustNotTell(t, only, origin, users[1])
	slow.Delay(500 * time.Millisecond)
	mustFetch(t, origin, only.Curl(t, right(origin, users[1])))
}

// TestKerberosPasswordClock has a KDC with another time, of which the log says how much.
func TestKerberosPasswordClock(t *testing.T) {
	t.Parallel()
	users := domainUsers()[:2]
	k, keytab := passwordKDC(t, users)
	k.SetClock(t, 20*time.Minute)
	squid, origin := byKDC(t, keytab, "", users, k.Address())
	mustNotTell(t, squid, origin, users[1])
	mustSay(t, squid, "login undecided", "reason=clock-skew", "our clock is ", "behind that of the KDC")
}

// TestKerberosPasswordFAST protects logins, also of users whose keys are of other types.
// An answer that is not protected would not do.
func TestKerberosPasswordFAST(t *testing.T) {
	t.Parallel()
	users := domainUsers()[:5]
	k, keytab := passwordKDC(t, users)
	k.Admin(t, "modprinc -allow_tix disabled")
	k.Admin(t, `modprinc -expire "2020-01-01 00:00:00" expired`)
	k.Admin(t, "cpw -e aes128-sha1:normal -pw "+users[2].Password+" "+users[2].Name)
	squid, origin := byKDC(t, keytab, "--fast HTTP/"+namedService, users, k.Address())
	mustFetch(t, origin, squid.Curl(t, right(origin, users[0]), right(origin, users[1]), right(origin, users[2])))
	for _, u := range users[:3] {
		mustRefuse(t, origin, squid.Curl(t, wrong(origin, u, "not-a-secret")))
		mustSay(t, squid, "login refused", u.Name, "reason=wrong-password")
	}
	if n := k.Failures(t, "bob"); n != 1 {
		t.Errorf("one wrong password counted as %d", n)
	}
	for i, reason := range []string{"account-disabled-or-locked", "account-expired"} {
		mustRefuse(t, origin, squid.Curl(t, right(origin, users[3+i])))
		mustSay(t, squid, "login refused", users[3+i].Name, "reason="+reason)
	}
	mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: "nobody", Password: "not-a-secret"}))
	mustSay(t, squid, "login refused", "nobody", "reason=no-such-user")
	k.Admin(t, "modprinc -allow_tix HTTP/"+namedService)
	squid, origin = byKDC(t, keytab, "--fast HTTP/"+namedService, users, k.Address())
	mustNotTell(t, squid, origin, users[1])
	mustSay(t, squid, "login undecided", "reason=service-account-refused", "the principal for FAST")
}
