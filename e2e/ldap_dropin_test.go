//go:build unix

package e2e_test

import (
	"net"
	"strings"
	"testing"

	"squidauth/e2e"
	"squidauth/protocol"
)

// TestLDAPDocumentedLines has the lines of Squid's wiki, and one as many have it, let
// in whom they should and nobody else. All but names and addresses is as it was found.
func TestLDAPDocumentedLines(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	host, port, _ := net.SplitHostPort(slapd.Address())
	service := `-b "` + e2e.SlapdBase + `" -D ` + e2e.SlapdService
	for name, args := range map[string]string{
		"wiki: LDAP": "-v 3 " + service + "  -w " + e2e.SlapdServicePassword + " -f uid=%s " + slapd.Address(),
		"wiki: TLS":  "-v 3 -ZZ " + service + "  -w " + e2e.SlapdServicePassword + " -f uid=%s " + slapd.Address(),
		"wiki: AD":   "-R " + service + " -W " + servicePassword(t) + " -f uid=%s -p " + port + " -h " + host,
		"quotes":     "-P " + service + " -W " + servicePassword(t) + ` -f "(&(objectClass=person)(uid=%s))" -H ` + slapd.URI(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := ldapSquid(t, slapd, ldapAuth(t, nil, args), oneHelper)
			dave := e2e.StaffPerson().Login()
			answers := squid.Curl(t,
				right(origin, dave),
				login(origin, "alice"),
				wrong(origin, dave, "not-the-password"),
				e2e.Request{URL: origin.URL(), User: "nobody", Password: dave.Password},
				e2e.Request{URL: origin.URL(), User: dave.Name, Password: ""},
			)
			mustFetch(t, origin, answers[:2])
			mustRefuse(t, origin, answers[2:])
		})
	}
}

// TestLDAPOptions asks with each option of the C helper, and the lines of its manual
// page.
func TestLDAPOptions(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	host, port, _ := net.SplitHostPort(slapd.Address())
	alice, carol, dave := e2e.PersonOf("alice"), e2e.PersonOf("carol"), e2e.StaffPerson()
	const base, people = "-b " + e2e.SlapdBase + " ", "-b " + e2e.SlapdPeople + " "
	service := "-D " + e2e.SlapdService + " -W " + servicePassword(t) + " "
	for name, c := range map[string]struct {
		args string
		user e2e.Person
	}{
		"manual: DN":        {people + slapd.Address(), alice},
		"manual: search":    {base + "-f uid=%s " + slapd.Address(), alice},
		"manual: attribute": {base + "-f (&(uid=%s)(objectClass=inetOrgPerson)) " + slapd.Address(), alice},
		"manual: -u":        {"-u uid " + people + slapd.Address(), alice},
		"manual: AD": {
			"-P -R -b " + e2e.SlapdStaff + " -D " + e2e.SlapdService + " -w " + e2e.SlapdServicePassword +
				" -f (&(uid=%s)(objectClass=Person)) " + slapd.Address(), dave,
		},
		"attached":       {"-b" + e2e.SlapdBase + " -fuid=%s -h" + host + " -p" + port, alice},
		"-h":             {base + "-f uid=%s -h " + slapd.Address(), alice},
		"-H":             {base + "-f uid=%s -H " + slapd.URI() + "/", alice},
		"URI last":       {"-PR " + base + "-f uid=%s " + slapd.URI(), alice},
		"ldaps":          {base + "-f uid=%s -H " + slapd.SecureURI(), alice},
		"ldapi":          {base + "-f uid=%s -H " + slapd.SocketURI(), alice},
		"StartTLS, kept": {"-P -Z " + base + "-f uid=%s -H " + slapd.URI(), alice},
		"limits":         {"-c 3 -t 5 -s sub -a never " + base + "-f uid=%s " + slapd.Address(), alice},
		"one level":      {"-s one " + people + "-f uid=%s " + slapd.Address(), alice},
		"one entry":      {"-s base -b " + alice.DN() + " -f uid=%s " + slapd.Address(), alice},
		"alias":          {"-a always -s base -b " + e2e.SlapdAlias + " -f uid=%s " + slapd.Address(), alice},
		"compare":        {"-U userPassword " + base + service + "-f uid=%s " + slapd.Address(), carol},
		"compare, kept":  {"-P -U userPassword " + base + service + "-f uid=%s " + slapd.Address(), carol},
		"-O":             {"-O " + base + service + "-f uid=%s " + slapd.Address(), dave},
		"-O -P":          {"-O -P " + base + service + "-f uid=%s " + slapd.Address(), dave},
		"two servers":    {base + "-f uid=%s 127.0.0.1:9 " + slapd.Address(), alice},
		"two URIs":       {"-P " + base + "-f uid=%s ldap://127.0.0.1:9 " + slapd.URI(), alice},
		"no referrals":   {"-R " + people + "-f uid=%s " + slapd.Address(), alice},
		"twice":          {base + "-f (|(uid=%s)(mail=%s@example.test)) " + slapd.Address(), alice},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			helper := ldapHelper(t, slapd, strings.Fields(c.args)...)
			for line, want := range map[string]protocol.Result{
				c.user.Name + " " + c.user.Password: protocol.ResultOK,
				c.user.Name + " not-the-password":   protocol.ResultERR,
				c.user.Name + " ":                   protocol.ResultERR,
				"nobody " + c.user.Password:         protocol.ResultERR,
			} {
				reply := helper.Ask(t, line)
				got := protocol.ParseReply([]byte(reply)).Result
				if *cHelper && got == protocol.ResultBH {
					got = protocol.ResultERR // as it says of everything
				}
				if got != want {
					t.Errorf("%.8s…: %q, want %v", line, reply, want)
				}
			}
		})
	}
}

// ldapHelper starts what ldapAuth names without Squid.
func ldapHelper(t *testing.T, slapd *e2e.Slapd, args ...string) *e2e.Peer {
	t.Helper()
	if *cHelper {
		return cLDAP(t, slapd, args...)
	}
	return e2e.StartPeer(t, e2e.PeerConfig{
		Command: append([]string{programs.As(t, "basic", "basic_ldap_auth")}, args...), AsProxy: true,
		Env: []string{"LDAPTLS_CACERT=" + slapd.CAFile()},
	})
}

// TestLDAPReferrals has a server refer to another, which knows alice.
func TestLDAPReferrals(t *testing.T) {
	t.Parallel()
	other := e2e.StartSlapd(t, e2e.SlapdConfig{})
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{Referral: other.URI() + "/" + e2e.SlapdPeople})
	alice := e2e.PersonOf("alice")
	ask := func(user, option string) protocol.Result {
		t.Helper()
		helper := ldapHelper(t, slapd, option, "-b", e2e.SlapdElsewhere, "-f", "uid=%s", slapd.Address())
		return protocol.ParseReply([]byte(helper.Ask(t, user+" "+alice.Password))).Result
	}
	if got := ask("alice", "-P"); got != protocol.ResultOK {
		t.Errorf("alice: %v", got)
	}
	mustBind(t, other, alice) // no password goes to where a server refers to
	mustBind(t, slapd, alice, 0)
	if *cHelper {
		t.Skip("it has BH for whom it does not find")
	}
	if got := ask("nobody", "-P"); got != protocol.ResultERR {
		t.Errorf("nobody: %v", got)
	}
	if got := ask("alice", "-R"); got != protocol.ResultERR {
		t.Errorf("alice, referrals not followed: %v", got)
	}
	other.Stop(t) // whether it knows alice cannot be told
	if got := ask("alice", "-P"); got != protocol.ResultBH {
		t.Errorf("alice, the other server stopped: %v", got)
	}
}

// TestLDAPOldName has the program called as Squid 2 and 3.1 called it.
func TestLDAPOldName(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	program := programs.As(t, "basic", "squid_ldap_auth")
	squid, origin := ldapSquid(t, slapd, program+" -b "+e2e.SlapdBase+" -f uid=%s "+slapd.Address(), oneHelper)
	mustFetch(t, origin, squid.Curl(t, login(origin, "alice")))
	mustRefuse(t, origin, squid.Curl(t, wrong(origin, e2e.PersonOf("alice").Login(), "not-the-password")))
}
