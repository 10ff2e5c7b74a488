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

// adBase is the domain in the directory.
const adBase = "dc=ad,dc=example,dc=test"

// domainLDAP returns the command line of our program, which asks the domain's
// controller over TLS, with more options.
func domainLDAP(t *testing.T, ad *e2e.Domain, options string) string {
	t.Helper()
	return programs.Path(t, "basic") + " ldap --url ldaps://" + ad.Address() + " --ca " + ad.CAFile() + " " + options
}

// domainPeer starts it without Squid.
func domainPeer(t *testing.T, ad *e2e.Domain, options string) *e2e.Peer {
	t.Helper()
	return e2e.StartPeer(t, e2e.PeerConfig{Command: strings.Fields(domainLDAP(t, ad, options)), AsProxy: true})
}

// asService are the options by which the domain is searched as an ordinary account.
func asService(t *testing.T, ad *e2e.Domain) string {
	t.Helper()
	options := ldapOptions(t, ad)
	return "--bind-dn svc-ldap@" + e2e.ADRealm + " --bind-password-file " + options[len(options)-1]
}

// adWays are the ways to find users in a domain.
func adWays(t *testing.T, ad *e2e.Domain) map[string]string {
	return map[string]string{
		"by name": "--ad " + strings.ToLower(e2e.ADRealm),
		"search":  "--base " + adBase + " --filter sAMAccountName=%s " + asService(t, ad),
	}
}

// TestLDAPDomainAccounts has the verdict on every account, with the right password and
// with a wrong one.
func TestLDAPDomainAccounts(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	reasons := map[e2e.Refusal]string{
		{}:                     "authenticated",
		e2e.Disabled:           "account-disabled",
		e2e.MustChangePassword: "password-must-change",
		e2e.LockedOut:          "account-locked-out",
		e2e.PasswordExpired:    "password-expired",
		e2e.InvalidLogonHours:  "logon-hours",
		e2e.AccountExpired:     "account-expired",
		e2e.InvalidWorkstation: "workstation-not-allowed",
	}
	for name, options := range adWays(t, ad) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			helper := domainPeer(t, ad, options)
			for _, a := range e2e.Accounts() {
				reason, want := reasons[a.Refusal], protocol.ResultERR
				if reason == "" {
					t.Fatalf("%s: no verdict is known for %s", a.Name, a.Refusal.Name)
				}
				if a.Refusal == (e2e.Refusal{}) {
					want = protocol.ResultOK
				}
				reply := helper.Ask(t, rfc1738(a.Name)+" "+rfc1738(a.Password))
				if got, _ := resultAndGroups(reply); got != want {
					t.Errorf("%s: %q, want %v", a.Name, reply, want)
				}
				if want != protocol.ResultOK {
					mustExplain(t, helper, "login refused", "user="+a.Name+" ", "reason="+reason)
				}
				if reply := helper.Ask(t, rfc1738(a.Name)+" not-the-password"); !strings.HasPrefix(reply, "ERR") {
					t.Errorf("%s with a wrong password: %q", a.Name, reply)
				}
			}
			for _, line := range []string{"nobody x", "alice ", "* x", "alice)(sAMAccountName=* x", "svc-ldap", "S-1-5-21-1 x"} {
				if reply := helper.Ask(t, line); !strings.HasPrefix(reply, "ERR") {
					t.Errorf("%q: %q", line, reply)
				}
			}
			if log := helper.Log(); strings.Contains(log, "undecided") || strings.Contains(log, "Never-let-in") {
				t.Errorf("the helper says\n%s", log)
			}
		})
	}
}

// TestLDAPDomainNames has users write their names in every way, also wrong ones.
func TestLDAPDomainNames(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	helper := domainPeer(t, ad, "--ad "+e2e.ADRealm)
	alice, jürgen := e2e.AccountOf(t, "alice"), e2e.AccountOf(t, "jürgen")
	for name, c := range map[string]struct {
		account e2e.Account
		in      bool
	}{
		"alice":                  {alice, true},
		"ALICE":                  {alice, true},
		"alice@" + e2e.ADRealm:   {alice, true},
		"alice@ad.example.test":  {alice, true},
		e2e.ADDomain + `\alice`:  {alice, true},
		`example\ALICE`:          {alice, true},
		"jürgen":                 {jürgen, true},
		e2e.ADDomain + `\jürgen`: {jürgen, true},
		"j\xfcrgen":              {jürgen, false}, // no UTF-8
		"bob":                    {alice, false},
		`ELSEWHERE\alice`:        {alice, false},
		"alice@elsewhere.test":   {alice, false},
		"cn=alice, cn=users, dc=ad, dc=example, dc=test": {alice, false}, // a DN: Squid's lists of users know no such name
		"/EXAMPLE/alice":                   {alice, false},
		`\alice`:                           {alice, false},
		"@ad.example.test":                 {alice, false},
		"alice@":                           {alice, false},
		`EXAMPLE\`:                         {alice, false},
		`EXAMPLE\alice@` + e2e.ADRealm:     {alice, false},
		" alice":                           {alice, false},
		"alice\x00":                        {alice, false},
		"alice@" + e2e.ADRealm + "\\alice": {alice, false},
	} {
		reply := helper.Ask(t, strings.NewReplacer("%", "%25", " ", "%20", "\x00", "%00").Replace(name)+" "+rfc1738(c.account.Password))
		if got, _ := resultAndGroups(reply); (got == protocol.ResultOK) != c.in || got == protocol.ResultBH {
			t.Errorf("%q: %q", name, reply)
		}
	}
}

// TestLDAPDomainGroups admits and reports by groups, nested ones among them. Their
// names are asked for as the user, or as a service.
func TestLDAPDomainGroups(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	for name, c := range map[string]struct {
		options string
		in, out string
		groups  []string // reported of in, among others
	}{
		"nested":        {"--require-group ProxyLocal", "alice", "mallory", nil},
		"with domain":   {`--require-group EXAMPLE\Staff`, "alice", "bob", nil},
		"by SID":        {"--require-group " + ad.SID(t, "ProxyUsers").Text, "jürgen", "mallory", nil},
		"nobody's":      {"--require-group Nobodies", "", "alice", nil},
		"as a service":  {"--require-group ProxyUniversal " + asService(t, ad), "bob", "mallory", nil},
		"names":         {"--group-format name", "alice", "", []string{"Staff", "ProxyUsers", "ProxyUniversal", "ProxyLocal", "Domain Users"}},
		"odd names":     {"--group-format name --require-group ProxyUsers", "jürgen", "mallory", []string{"Café Users", "ProxyLocal"}},
		"many":          {"--group-format name", "manygroups", "", []string{"Department-001", "Department-080"}},
		"SIDs":          {"--group-format sid", "bob", "", []string{ad.SID(t, "ProxyUsers").Text, ad.SID(t, "ProxyLocal").Text}},
		"as in tickets": {"--group-format base64", "bob", "", []string{ad.SID(t, "ProxyUsers").Base64, ad.SID(t, "ProxyLocal").Base64}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			helper := domainPeer(t, ad, "--ad "+e2e.ADRealm+" "+c.options)
			if c.in != "" {
				a := e2e.AccountOf(t, c.in)
				reply := helper.Ask(t, rfc1738(a.Name)+" "+rfc1738(a.Password))
				result, groups := resultAndGroups(reply)
				if result != protocol.ResultOK {
					t.Errorf("%s: %q\n%s", c.in, reply, helper.Log())
				}
				for _, g := range c.groups {
					if !slices.Contains(groups, g) {
						t.Errorf("%s is in %q, but not in %q", c.in, groups, g)
					}
				}
				if reply := helper.Ask(t, rfc1738(a.Name)+" not-the-password"); !strings.HasPrefix(reply, "ERR") {
					t.Errorf("%s with a wrong password: %q", c.in, reply)
				}
			}
			if c.out != "" {
				a := e2e.AccountOf(t, c.out)
				if reply := helper.Ask(t, rfc1738(a.Name)+" "+rfc1738(a.Password)); !strings.HasPrefix(reply, "ERR") {
					t.Errorf("%s: %q", c.out, reply)
				}
				mustExplain(t, helper, "login refused", "user="+c.out+" ", "reason=not-in-required-group")
			}
		})
	}
}

// TestLDAPDomainChain has groups in groups found by a filter with Active Directory's rule
// for chains, where users are looked for and not called by --ad.
func TestLDAPDomainChain(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	search := "--base " + adBase + " --filter sAMAccountName=%s " + asService(t, ad) + " --require-group ProxyUsers"
	for name, c := range map[string]struct {
		options string
		alice   protocol.Result // who is in ProxyUsers by way of another group
	}{
		"chain":  {" --group-filter (member:1.2.840.113556.1.4.1941:=%d)", protocol.ResultOK},
		"direct": {" --group-filter (member=%d)", protocol.ResultERR},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			helper := domainPeer(t, ad, search+c.options)
			for user, want := range map[string]protocol.Result{"alice": c.alice, "mallory": protocol.ResultERR} {
				reply := helper.Ask(t, user+" "+rfc1738(e2e.AccountOf(t, user).Password))
				if got, _ := resultAndGroups(reply); got != want {
					t.Errorf("%s: %q, want %v\n%s", user, reply, want, helper.Log())
				}
			}
		})
	}
}

// TestLDAPDomainFound asks on a machine of the domain, which finds the controller by
// the DNS.
func TestLDAPDomainFound(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	for name, options := range map[string]string{
		"by name":  "--ad " + e2e.ADRealm + " --require-group ProxyLocal",
		"StartTLS": "--start-tls --ad " + e2e.ADRealm,
		"search":   "--url ldaps:/// --filter sAMAccountName=%s --base " + adBase + " " + asService(t, ad),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := append([]string{programs.Path(t, "basic"), "ldap", "--ca", ad.CAFile()}, strings.Fields(options)...)
			helper := e2e.StartPeer(t, e2e.PeerConfig{Command: ad.Resolving(t, command...), Env: ad.Env()})
			alice := e2e.AccountOf(t, "alice")
			for password, want := range map[string]protocol.Result{
				alice.Password: protocol.ResultOK, "not-the-password": protocol.ResultERR,
			} {
				reply := helper.Ask(t, "alice "+password)
				if got, _ := resultAndGroups(reply); got != want {
					t.Errorf("%q, want %v\n%s", reply, want, helper.Log())
				}
			}
		})
	}
}

// TestLDAPDomainKerberos searches as an account that has a keytab and no password.
// Samba of today takes that over a connection that Kerberos seals, and not over TLS,
// and users' passwords over TLS only: all that can be seen is who is not found.
func TestLDAPDomainKerberos(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	keytab := filepath.Join(e2e.Dir(t), "keytab")
	samba(t, ad, exportKeytab, keytab, "svc-ldap")
	if err := os.Chmod(keytab, 0o644); err != nil {
		t.Fatal(err)
	}
	samba(t, ad, registerController, e2e.ADHost, strings.ToLower(e2e.ADRealm))
	command := []string{
		programs.Path(t, "basic"), "ldap", "--insecure", "--url", "ldap://" + e2e.ADHost + "/", "--bind-keytab", keytab,
		"--base", adBase, "--filter", "sAMAccountName=%s",
	}
	helper := e2e.StartPeer(t, e2e.PeerConfig{Command: ad.Resolving(t, command...), Env: ad.Env()})
	if reply := helper.Ask(t, "nobody x"); !strings.HasPrefix(reply, "ERR") {
		t.Errorf("nobody: %q\n%s", reply, helper.Log())
	}
	if reply := helper.Ask(t, "alice "+e2e.AccountOf(t, "alice").Password); !strings.HasPrefix(reply, "BH") {
		t.Errorf("alice: %q", reply)
	}
	mustExplain(t, helper, "login undecided", "user=alice ", "it wants passwords protected")
}

// TestLDAPDomainOldLines has the lines of Squid's wiki for Active Directory, with TLS,
// which a controller of today insists on, and without.
func TestLDAPDomainOldLines(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	options := ldapOptions(t, ad)
	service := "-b " + adBase + " -D svc-ldap@" + e2e.ADRealm + " -W " + options[len(options)-1]
	for name, c := range map[string]struct {
		args string
		in   bool
	}{
		"StartTLS":   {"-R -Z " + service + " -f sAMAccountName=%s -h " + ad.Address(), true},
		"ldaps":      {"-R " + service + " -f (&(sAMAccountName=%s)(objectClass=person)) -H ldaps://" + ad.Address(), true},
		"referrals":  {"-P " + service + " -f sAMAccountName=%s -H ldaps://" + ad.Address(), true},
		"DN":         {"-ZZ -u cn -b cn=Users," + adBase + " " + ad.Address(), true},
		"not secure": {"-R " + service + " -f sAMAccountName=%s -h " + ad.Address(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			helper := e2e.StartPeer(t, e2e.PeerConfig{
				Command: strings.Fields(ldapAuth(t, nil, c.args)), AsProxy: true, Env: []string{"LDAPTLS_CACERT=" + ad.CAFile()},
			})
			alice, disabled := e2e.AccountOf(t, "alice"), e2e.AccountOf(t, "disabled")
			want := map[string]protocol.Result{
				"alice not-the-password":        protocol.ResultERR,
				"nobody " + alice.Password:      protocol.ResultERR,
				"disabled " + disabled.Password: protocol.ResultERR,
				"alice " + alice.Password:       protocol.ResultOK,
			}
			for line, result := range want {
				if !c.in {
					result = protocol.ResultBH
				}
				if reply := helper.Ask(t, line); protocol.ParseReply([]byte(reply)).Result != result {
					t.Errorf("%.8s…: %q, want %v", line, reply, result)
				}
			}
			if c.in {
				mustExplain(t, helper, "login refused", "user=disabled ", "reason=account-disabled")
			} else {
				mustExplain(t, helper, "login undecided", "user=alice ", "protected: use ldaps:// or StartTLS")
			}
		})
	}
}

// TestLDAPDomainNotes has squid.conf decide by a nested group that the helper names,
// of users who log in through Squid.
func TestLDAPDomainNotes(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	squid := e2e.Start(t, e2e.Config{
		Auth: []string{e2e.Basic(domainLDAP(t, ad, "--ad "+e2e.ADRealm+" --group-format name"), oneHelper)},
		Extra: `
acl anybody proxy_auth REQUIRED
acl users note group ProxyLocal
http_access deny anybody !users
`,
		Secrets: []string{e2e.AccountOf(t, "alice").Password, e2e.AccountOf(t, "mallory").Password, "not-the-password"},
	})
	origin := e2e.StartOrigin(t)
	alice, mallory := e2e.AccountOf(t, "alice"), e2e.AccountOf(t, "mallory")
	mustFetch(t, origin, squid.Curl(t,
		e2e.Request{URL: origin.URL(), User: "alice", Password: alice.Password},
		e2e.Request{URL: origin.URL(), User: `example\alice`, Password: alice.Password},
	))
	mustForbid(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: "mallory", Password: mallory.Password}))
	mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: "bob", Password: "not-the-password"}))
}

// TestLDAPDomainRestart stops the controller and starts it again: nobody is told that
// the password is wrong, and the same helper goes on.
func TestLDAPDomainRestart(t *testing.T) { // not in parallel with others of the domain
	ad := activeDirectory.Domain(t)
	alice := e2e.AccountOf(t, "alice")
	helpers := make(map[string]*e2e.Peer)
	for name, options := range adWays(t, ad) {
		helpers[name] = domainPeer(t, ad, options)
	}
	ask := func(want protocol.Result) {
		t.Helper()
		for name, helper := range helpers {
			reply := helper.Ask(t, "alice "+alice.Password)
			if got, _ := resultAndGroups(reply); got != want {
				t.Errorf("%s: %q, want %v", name, reply, want)
			}
		}
	}
	ask(protocol.ResultOK)
	ad.Stop(t)
	ask(protocol.ResultBH)
	ad.Start(t)
	for name, helper := range helpers {
		e2e.Eventually(t, recovery, "a login "+name, func() bool {
			got, _ := resultAndGroups(helper.Ask(t, "alice "+alice.Password))
			return got == protocol.ResultOK
		})
	}
}
