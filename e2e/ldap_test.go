//go:build unix

package e2e_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

// ldapAuth returns the command line of basic_ldap_auth: ours under that name, or with
// -c-helper Squid's. Options are ours.
func ldapAuth(t *testing.T, options []string, args ...string) string {
	t.Helper()
	program := cLDAPPath
	if !*cHelper {
		program = programs.As(t, "basic", "basic_ldap_auth")
	} else if len(options) > 0 {
		t.Skipf("the C helper has no %s", options[0])
	}
	return strings.Join(slices.Concat([]string{program}, options, args), " ")
}

// ldap returns the command line of our own program, which asks the directory.
func ldap(t *testing.T, slapd *e2e.Slapd, options string) string {
	t.Helper()
	if *cHelper {
		t.Skip("the C helper has other options")
	}
	return programs.Path(t, "basic") + " ldap --url " + slapd.URI() + " " + options
}

// ldapSquid starts a Squid that asks the directory by the command line. No password
// of the directory may be in its logs.
func ldapSquid(t *testing.T, slapd *e2e.Slapd, command, children string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	secrets := []string{e2e.SlapdServicePassword, "not-the-password"}
	for _, p := range append(e2e.People(), e2e.StaffPerson()) {
		secrets = append(secrets, p.Password)
	}
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Basic(command, children)},
		Env:     []string{"LDAPTLS_CACERT=" + slapd.CAFile()},
		Secrets: secrets,
	})
	return squid, e2e.StartOrigin(t)
}

const oneHelper = "1 startup=1 idle=1"

// login returns the request of a person with the right password.
func login(origin *e2e.Origin, name string) e2e.Request {
	return right(origin, e2e.PersonOf(name).Login())
}

// servicePassword writes the service's password to a file that helpers can read.
func servicePassword(t *testing.T) string {
	t.Helper()
	path := filepath.Join(e2e.Dir(t), "secret")
	writeSecret(t, path, e2e.SlapdServicePassword)
	return path
}

// mustBind fails the test unless the server was asked to bind as the person so many
// times since it was made, with these results.
func mustBind(t *testing.T, slapd *e2e.Slapd, person e2e.Person, want ...int) {
	t.Helper()
	mustBindAs(t, slapd, person.DN(), want...)
}

func mustBindAs(t *testing.T, slapd *e2e.Slapd, dn string, want ...int) {
	t.Helper()
	var got []int
	e2e.Poll(soon, func() bool { // the server logs an answer when it has sent it
		got = slapd.BindsOf(dn)
		return len(got) >= len(want) && !slices.Contains(got, -1)
	})
	if !slices.Equal(got, want) {
		t.Errorf("%s: binds with results %v, want %v", dn, got, want)
	}
}

// TestLDAPWrongPassword has one wrong password cost one bind, as a server may lock
// the account after a few.
func TestLDAPWrongPassword(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]string{"search": "-P -f uid=%s", "DN": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
			squid, origin := ldapSquid(t, slapd, ldapAuth(t, nil, args, "-b", e2e.SlapdPeople, slapd.Address()), oneHelper)
			alice := e2e.PersonOf("alice")
			mustRefuse(t, origin, squid.Curl(t, wrong(origin, alice.Login(), "not-the-password")))
			mustBind(t, slapd, alice, 49)
			mustFetch(t, origin, squid.Curl(t, login(origin, "alice")))
			mustBind(t, slapd, alice, 49, 0)
			mustSay(t, squid, "login refused", "user=alice ", "outcome=ERR", "reason=wrong-password")

			mustRefuse(t, origin, squid.Curl(t,
				e2e.Request{URL: origin.URL(), User: "nobody", Password: alice.Password},
				e2e.Request{URL: origin.URL(), User: "alice", Password: ""},
				e2e.Request{URL: origin.URL(), User: "", Password: alice.Password},
				e2e.Request{URL: origin.URL(), User: "alice", Password: e2e.PersonOf("bob").Password},
			))
			mustBind(t, slapd, alice, 49, 0, 49)
			if b := slapd.Binds(); slices.ContainsFunc(b, func(b e2e.Bind) bool { return b.DN != "" && b.DN != alice.DN() && args != "" }) {
				t.Errorf("binds: %+v", b)
			}
		})
	}
}

// TestLDAPNames logs in people whose names need escaping, in a filter or in a DN, and
// refuses names that would mean somebody else if they were not escaped.
func TestLDAPNames(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	for name, args := range map[string]string{"search": "-P -f uid=%s", "DN": "-P"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := ldapSquid(t, slapd, ldapAuth(t, nil, args, "-b", e2e.SlapdPeople, slapd.Address()), oneHelper)
			var good, bad []e2e.Request
			for _, name := range e2e.OddNames {
				good = append(good, login(origin, name))
			}
			alice := e2e.PersonOf("alice")
			for _, name := range []string{
				"*", "alic*", "alice)(uid=*", "*)(uid=alice", "alice)(|(uid=*)", `\61lice`, `\2a`, "alice\\", "(alice)", "alice,ou=people", `"alice"`,
				"alice+cn=alice", "#04056616c696365", " alice", "alice ", "\talice", "alice%00", "\u200balice", "al\x01ice", "\xff",
				strings.Repeat("alice", 1000),
			} {
				bad = append(bad, e2e.Request{URL: origin.URL(), User: name, Password: alice.Password})
			}
			mustFetch(t, origin, squid.Curl(t, good...))
			mustRefuse(t, origin, squid.Curl(t, bad...))
			mustFetch(t, origin, squid.Curl(t, login(origin, "alice")))
			if strings.Contains(squid.CacheLog(), "undecided") {
				t.Error("a name, and not a fault, made the helper undecided")
			}
		})
	}
}

// TestLDAPAmbiguous refuses a name that two entries have: who is it?
func TestLDAPAmbiguous(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	squid, origin := ldapSquid(t, slapd, ldapAuth(t, nil, "-P", "-f", "mail=%s", "-b", e2e.SlapdPeople, slapd.Address()), oneHelper)
	for _, twin := range []e2e.Person{e2e.PersonOf("twin-1"), e2e.PersonOf("twin-2")} {
		mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: "twins@example.test", Password: twin.Password}))
		mustBind(t, slapd, twin)
	}
	mustSay(t, squid, "user=twins@example.test", "reason=ambiguous-user")
}

// TestLDAPPolicy has the server's password policy refuse the right password, and say
// why. Who has to change the password before anything else is let in by the program
// that we replace, and so by ours under its name.
func TestLDAPPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command func(*e2e.Slapd) string
		reset   bool // is let in
	}{
		"by the C helper's name": {func(s *e2e.Slapd) string {
			return ldapAuth(t, nil, "-P", "-f", "uid=%s", "-b", e2e.SlapdPeople, s.Address())
		}, true},
		"by ours": {func(s *e2e.Slapd) string {
			return ldap(t, s, "--filter uid=%s --base "+e2e.SlapdPeople)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
			squid, origin := ldapSquid(t, slapd, c.command(slapd), oneHelper)
			lockable := e2e.PersonOf("lockable")
			mustFetch(t, origin, squid.Curl(t, login(origin, "lockable")))
			for n := range e2e.MaxFailures { // of which the helper would remember one that comes again
				mustRefuse(t, origin, squid.Curl(t, wrong(origin, lockable.Login(), fmt.Sprint("not-the-password-", n))))
			}
			mustBind(t, slapd, lockable, 0, 49, 49, 49)
			mustRefuse(t, origin, squid.Curl(t, login(origin, "lockable"), login(origin, "locked")))
			mustSay(t, squid, "login refused", "user=lockable ", "reason=account-locked-out")
			mustSay(t, squid, "login refused", "user=locked ", "reason=account-locked-out")
			if reset := squid.Curl(t, login(origin, "reset")); c.reset {
				mustFetch(t, origin, reset)
			} else {
				mustRefuse(t, origin, reset)
				mustSay(t, squid, "login refused", "user=reset ", "reason=password-must-change")
			}
			// A server lets nobody search on a connection whose last user has to change the
			// password.
			mustFetch(t, origin, squid.Curl(t, login(origin, "alice")))
		})
	}
}
