//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
	"squidauth/protocol"
)

// ldapOptions has the helper ask the domain's controller for names, as an ordinary
// account.
func ldapOptions(t *testing.T, ad *e2e.Domain) []string {
	t.Helper()
	secret := filepath.Join(e2e.Dir(t), "secret")
	writeSecret(t, secret, e2e.AccountOf(t, "svc-ldap").Password)
	return []string{
		"--ldap-uri", "ldaps://" + ad.Address(), "--ldap-ca", ad.CAFile(),
		"--ldap-bind-dn", "svc-ldap@" + e2e.ADRealm, "--ldap-bind-secret", secret,
	}
}

// writeSecret puts a file in place at once, which user proxy can read.
func writeSecret(t *testing.T, path, password string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(password+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// askNames returns the result of a login, and the groups in it.
func askNames(t *testing.T, helper *e2e.Peer, client *e2e.Initiator) (protocol.Result, []string) {
	t.Helper()
	reply, _ := adAsk(t, helper, client, e2e.ADProxy)
	p := protocol.ParseReply([]byte(reply))
	var groups []string
	for _, n := range p.Notes {
		if n.Key == "group" {
			groups = append(groups, n.Value)
		}
	}
	return p.Result, groups
}

// mustHaveGroups logs the client in and wants these groups among the reported.
func mustHaveGroups(t *testing.T, helper *e2e.Peer, client *e2e.Initiator, want ...string) {
	t.Helper()
	result, groups := askNames(t, helper, client)
	for _, group := range want {
		if result != protocol.ResultOK || !slices.Contains(groups, group) {
			t.Errorf("%v, %q: no group %q", result, groups, group)
		}
	}
}

// TestDirectoryNames compares the names that the helper reports with the groups that
// users were put into. A user's own SID, and what is no group, have no name.
func TestDirectoryNames(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	options := ldapOptions(t, ad)
	startTLS := append(slices.Clone(options), "--ldap-start-tls")
	startTLS[1] = "ldap://" + ad.Address()
	for _, options := range [][]string{options, startTLS} {
		helper := adHelper(t, ad, "svc-proxy", append(options, "--group-format", "name")...)
		for user, want := range map[string][]string{
			"alice":      {"Domain Users", "Staff", "ProxyUsers", "ProxyUniversal", "ProxyLocal"},
			"jürgen":     {"Domain Users", "Café Users", "ProxyUsers", "ProxyUniversal", "ProxyLocal"},
			"manygroups": {"Domain Users", "Department-001", "Department-080"},
		} {
			_, groups := askNames(t, helper, e2e.StartInitiator(t, adLogin(t, ad, user)))
			want = append(want, ad.SID(t, user).Text, assertedIdentity)
			for _, group := range groups {
				if strings.HasPrefix(group, "S-1-") && !slices.Contains(want, group) {
					t.Errorf("%s: group %s has no name", user, group)
				}
			}
			for _, group := range want {
				if !slices.Contains(groups, group) {
					t.Errorf("%s is in %q, but not in %q", user, groups, group)
				}
			}
			if user == "manygroups" && len(groups) != e2e.ManyGroups+3 {
				t.Errorf("%s is in %d groups", user, len(groups))
			}
		}
		if log := helper.Log(); log != "" {
			t.Errorf("the helper complains:\n%s", log)
		}
	}
}

// TestDirectoryNotes has squid.conf decide by names of groups, of which one comes
// from a file, as a name with a blank has to.
func TestDirectoryNotes(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	list := filepath.Join(e2e.Dir(t), "groups")
	if err := os.WriteFile(list, []byte("Café Users\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	squid, origin := adSquid(t, ad, strings.Join(ldapOptions(t, ad), " ")+" --group-format name", `
acl anybody proxy_auth REQUIRED
acl users note group Staff
acl users note group "`+list+`"
http_access deny anybody !users
`)
	for _, user := range []string{"alice", "jürgen"} {
		mustFetch(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, user))))
	}
	mustForbid(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, "bob"))))
}

// TestDirectoryRequire has the helper decide by the names of groups, as they are
// written in squid.conf.
func TestDirectoryRequire(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	for group, users := range map[string]struct{ in, out string }{
		"proxylocal":              {"alice", "mallory"},
		e2e.ADDomain + `\Staff`:   {"alice", "bob"},
		`"Café Users"`:            {"jürgen", "bob"},
		`"EXAMPLE\\Domain Users"`: {"bob", ""},
		"Nobodies":                {"", "alice"},
		`ELSEWHERE\Staff`:         {"", "alice"},
		"Guests --require-group " + ad.SID(t, "Staff").Text: {"alice", "bob"},
	} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			options := strings.Join(ldapOptions(t, ad), " ") + " --group-format none --require-group " + group
			squid, origin := adSquid(t, ad, options, "")
			if users.in != "" {
				mustFetch(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, users.in))))
			}
			if users.out != "" {
				mustRefuse(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, users.out))))
				mustSay(t, squid, "login refused", "user="+users.out+"@", "reason=not-in-required-group")
			}
		})
	}
}

// TestDirectoryRestart stops the controller: whom the helper knows all of gets in as
// before, names that it does not know are left out, and what it must know it
// cannot tell. All is well again when the controller is.
func TestDirectoryRestart(t *testing.T) { // not in parallel with others of the domain
	ad := activeDirectory.Domain(t)
	options := ldapOptions(t, ad)
	named := adHelper(t, ad, "svc-proxy", append(options, "--group-format", "name")...)
	strict := adHelper(t, ad, "svc-proxy", append(options, "--group-format", "none", "--require-group", "ProxyUsers")...)
	late := adHelper(t, ad, "svc-proxy", append(options, "--group-format", "none", "--require-group", "ProxyUsers")...)
	alice, jürgen := e2e.StartInitiator(t, adLogin(t, ad, "alice")), e2e.StartInitiator(t, adLogin(t, ad, "jürgen"))
	for _, client := range []*e2e.Initiator{alice, jürgen} {
		adAsk(t, strict, client, e2e.ADProxy) // who gets the ticket while the KDC is there
	}
	mustHaveGroups(t, named, alice, "Staff")

	ad.Stop(t)
	mustHaveGroups(t, named, alice, "Staff", "ProxyUsers")
	mustHaveGroups(t, named, jürgen, "ProxyUsers", ad.SID(t, "Café Users").Text)
	mustExplain(t, named, "the directory cannot be asked for groups", "ldaps://"+ad.Address()+":636")
	mustHaveGroups(t, named, jürgen, "ProxyUsers", ad.SID(t, "Café Users").Text)
	if n := strings.Count(named.Log(), "\n"); n != 1 {
		t.Errorf("the helper complains:\n%s", named.Log())
	}
	mustHaveGroups(t, strict, alice)
	if result, _ := askNames(t, late, alice); result != protocol.ResultBH {
		t.Errorf("%v from a helper that cannot know", result)
	}
	mustExplain(t, late, "login undecided", "reason=required-group-unknown", "cause=")

	ad.Start(t)
	e2e.Eventually(t, soon, "the group's name", func() bool {
		_, groups := askNames(t, named, jürgen)
		return slices.Contains(groups, "Café Users")
	})
	mustExplain(t, named, "the directory answers again")
	e2e.Eventually(t, soon, "a login", func() bool {
		result, _ := askNames(t, late, jürgen)
		return result == protocol.ResultOK
	})
}

// TestDirectorySetUpWrongly: logins go on, and the log says what is wrong.
func TestDirectorySetUpWrongly(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	client := e2e.StartInitiator(t, adLogin(t, ad, "alice"))
	good := ldapOptions(t, ad)
	const uri, ca, dn = 1, 3, 5
	with := func(place int, value string) []string {
		options := slices.Clone(good)
		options[place] = value
		return options
	}
	other := filepath.Join(e2e.Dir(t), "ca.pem")
	for name, c := range map[string]struct {
		options []string
		words   string
	}{
		"no TLS":     {append(with(uri, "ldap://"+ad.Address()), "--ldap-insecure"), "wants the connection protected"},
		"no CA":      {with(ca, other), "no such file or directory"},
		"anonymous":  {good[:dn-1], "does not let this bind DN, or nobody, search"},
		"other base": {append(slices.Clone(good), "--ldap-base", "DC=elsewhere"), "does not hold that part of the directory"},
		"no server":  {with(uri, "ldaps://"+ad.Address()+":9"), "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			helper := adHelper(t, ad, "svc-proxy", append(c.options, "--group-format", "name")...)
			mustHaveGroups(t, helper, client, ad.SID(t, "Staff").Text)
			mustExplain(t, helper, "the directory cannot be asked for groups", c.words)
		})
	}
}

// TestDirectorySecret has a wrong password in the file, which is then mended.
func TestDirectorySecret(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	options := ldapOptions(t, ad)
	file := options[len(options)-1]
	writeSecret(t, file, "not-the-password")
	helper := adHelper(t, ad, "svc-proxy", append(options, "--group-format", "name")...)
	client := e2e.StartInitiator(t, adLogin(t, ad, "alice"))
	mustHaveGroups(t, helper, client, ad.SID(t, "Staff").Text)
	mustExplain(t, helper, "refuses the bind DN or its password", "data 52e")
	writeSecret(t, file, e2e.AccountOf(t, "svc-ldap").Password)
	e2e.Eventually(t, soon, "the group's name", func() bool {
		_, groups := askNames(t, helper, client)
		return slices.Contains(groups, "Staff")
	})
	if log := helper.Log(); strings.Contains(log, "not-the-password") || strings.Contains(log, e2e.AccountOf(t, "svc-ldap").Password) {
		t.Error("the log has a password")
	}
}
