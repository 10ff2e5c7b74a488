//go:build unix

package e2e_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

// The services of the domain, by the hosts that clients ask for.
var adServices = map[string]string{
	e2e.ADProxy: "svc-proxy",
	e2e.ADWeak:  "svc-weak",
	e2e.ADNoPAC: "svc-nopac",
}

// noPAC is the option by which kinit asks the KDC for tickets without groups.
const noPAC = "--no-request-pac"

// adLogin logs the user in to the domain, with options of kinit's.
func adLogin(t *testing.T, ad *e2e.Domain, user string, options ...string) *e2e.Tickets {
	t.Helper()
	return ad.Login(t, e2e.AccountOf(t, user), options...)
}

// adSquid starts Squid with our helper for the domain, with more options, and with
// more lines in squid.conf.
func adSquid(t *testing.T, ad *e2e.Domain, options, extra string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	command := programs.Path(t, "negotiate") + " --keytab " + ad.Keytab("svc-proxy") + " " + options
	squid := e2e.Start(t, e2e.Config{
		Auth:  []string{e2e.Negotiate(command, "5 startup=2 idle=1")},
		Extra: extra,
		Env:   []string{"KRB5RCACHEDIR=" + e2e.ProxyDir(t)},
	})
	return squid, e2e.StartOrigin(t)
}

// adRequest is a request to the proxy by its name in the domain.
func adRequest(origin *e2e.Origin, tickets *e2e.Tickets) e2e.Request {
	r := by(origin, tickets, "")
	r.Proxy = e2e.ADProxy
	return r
}

// mustForbid fails the test unless Squid knows the client and refuses the request.
func mustForbid(t *testing.T, origin *e2e.Origin, answers []e2e.Answer) {
	t.Helper()
	for _, a := range answers {
		if a.Exit != 0 || a.Status != 403 || origin.Hits(a.URL) != 0 {
			t.Errorf("%s: status %d, curl exit %d, the origin was asked %d times",
				a.User, a.Status, a.Exit, origin.Hits(a.URL))
		}
	}
}

// TestNegotiateAD logs in with tickets of Active Directory: one with a name that
// is not ASCII, and one with many groups.
func TestNegotiateAD(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	squid, origin := adSquid(t, ad, "--audit all", "")
	for _, user := range []string{"alice", "jürgen", "manygroups"} {
		tickets := adLogin(t, ad, user)
		answers := squid.Curl(t, adRequest(origin, tickets), adRequest(origin, tickets))
		mustFetch(t, origin, answers)
		mustLogAll(t, squid, answers)
		mustSay(t, squid, "login accepted", "user="+user+"@"+e2e.ADRealm, "outcome=OK")
	}
	if hasLine(squid.CacheLog(), "negotiate[", "WARNING") {
		t.Error("the helper complains")
	}
}

// TestNegotiateADNotes has squid.conf decide by group. Alice is in ProxyUsers
// through another group; who asks for tickets without groups is in none. It must
// be somebody who did not come with groups before, which Squid would remember.
func TestNegotiateADNotes(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	squid, origin := adSquid(t, ad, "", `
acl anybody proxy_auth REQUIRED
acl users note group `+ad.SID(t, "ProxyUsers").Base64+`
acl denied note group `+ad.SID(t, "ProxyDenied").Base64+`
http_access deny anybody denied
http_access deny anybody !users
`)
	for _, user := range []string{"alice", "jürgen"} {
		mustFetch(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, user))))
	}
	mustForbid(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, "mallory"))))
	mustForbid(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, "bob", noPAC))))
}

// TestNegotiateADRequireGroup has our helper decide by group.
func TestNegotiateADRequireGroup(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	// The second through the first, and of another kind.
	for _, group := range []string{"ProxyUsers", "ProxyLocal"} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			squid, origin := adSquid(t, ad, "--group-format none --require-group "+ad.SID(t, group).Text, "")
			mustFetch(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, "alice"))))
			mustRefuse(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, "mallory"))))
			mustSay(t, squid, "login refused", "user=mallory@", "reason=not-in-required-group")
			mustRefuse(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, "alice", noPAC))))
			mustSay(t, squid, "login refused", "user=alice@", "reason=not-in-required-group")
		})
	}
}

// TestNegotiateADRestart stops the domain controller, which neither the helper nor
// a client with a ticket needs, and starts it again.
func TestNegotiateADRestart(t *testing.T) { // not in parallel with others of the domain
	ad := activeDirectory.Domain(t)
	helper := adHelper(t, ad, "svc-proxy")
	client := e2e.StartInitiator(t, adLogin(t, ad, "alice"))
	mustBeAlice := func() {
		t.Helper()
		reply, groups := adAsk(t, helper, client, e2e.ADProxy)
		if !strings.HasPrefix(reply, "OK ") || !slices.Contains(groups, ad.SID(t, "Staff").Base64) {
			t.Errorf("the helper says %q", reply)
		}
	}
	mustBeAlice()
	ad.Stop(t)
	mustBeAlice()
	ad.Start(t)
	client = e2e.StartInitiator(t, adLogin(t, ad, "alice"))
	mustBeAlice()
}

// adHelper starts our helper on the keytab of one of the services. It takes tokens
// more than once.
func adHelper(t *testing.T, ad *e2e.Domain, service string, options ...string) *e2e.Peer {
	t.Helper()
	command := []string{programs.Path(t, "negotiate"), "--keytab", ad.Keytab(service), "--replay-cache", "none"}
	return e2e.StartPeer(t, e2e.PeerConfig{
		Command: append(command, options...),
		Env:     ad.Env(),
		AsProxy: true,
	})
}

// adAsk returns what the helper says to a client, and the groups in it.
func adAsk(t *testing.T, helper *e2e.Peer, client *e2e.Initiator, host string) (reply string, groups []string) {
	t.Helper()
	reply = helper.Ask(t, "YR "+client.Begin(t, host, e2e.SPNEGO, true).Token)
	return reply, groupsOf(reply)
}

func groupsOf(reply string) (groups []string) {
	for _, word := range strings.Fields(reply) {
		if group, ok := strings.CutPrefix(word, "group="); ok {
			groups = append(groups, group)
		}
	}
	return groups
}

// assertedIdentity is what the KDC adds to say that it saw the password itself
// ([MS-DTYP] section 2.4.2.4, AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY).
const assertedIdentity = "S-1-18-1"

// TestNegotiateADGroups compares the groups that our helper reports with those in
// the directory, which adds the groups of the machine that computes them.
func TestNegotiateADGroups(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	helper := adHelper(t, ad, "svc-proxy", "--group-format", "sid")
	for _, user := range []string{"alice", "jürgen", "manygroups", "mallory"} {
		want := []string{ad.SID(t, user).Text, assertedIdentity}
		for _, group := range ad.Groups(t, user) {
			if strings.HasPrefix(group, ad.DomainSID().Text+"-") {
				want = append(want, group)
			}
		}
		if user == "manygroups" && len(want) != e2e.ManyGroups+3 {
			t.Fatalf("%s is in %v: this test is not about many groups", user, want)
		}
		reply, got := adAsk(t, helper, e2e.StartInitiator(t, adLogin(t, ad, user)), e2e.ADProxy)
		if len(got) == 0 || got[0] != want[0] {
			t.Errorf("%s is %s: the helper says %q", user, want[0], reply)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s is in %v, want %v", user, got, want)
		}
	}
	if log := helper.Log(); log != "" {
		t.Errorf("the helper complains:\n%s", log)
	}
}

// TestNegotiateADNoPAC has tickets without groups, by the choice of the service
// and by that of the user.
func TestNegotiateADNoPAC(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	for host, options := range map[string][]string{e2e.ADNoPAC: nil, e2e.ADProxy: {noPAC}} {
		helper := adHelper(t, ad, adServices[host])
		reply, groups := adAsk(t, helper, e2e.StartInitiator(t, adLogin(t, ad, "alice", options...)), host)
		if !strings.Contains(reply, " user=alice@"+e2e.ADRealm) || groups != nil {
			t.Errorf("%s: the helper says %q", host, reply)
		}
		if log := helper.Log(); log != "" {
			t.Errorf("%s: the helper complains:\n%s", host, log)
		}
	}
}

// TestNegotiateADRC4 has tickets of which RC4 protects all, or what is said with
// the session key only.
func TestNegotiateADRC4(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	for host, etypes := range map[string]string{
		e2e.ADWeak:  "DEPRECATED:arcfour-hmac, DEPRECATED:arcfour-hmac",
		e2e.ADProxy: "DEPRECATED:arcfour-hmac, aes256-cts-hmac-sha1-96",
	} {
		tickets := adLogin(t, ad, "alice")
		kvno := exec.Command(e2e.Need(t, "kvno"), "-e", "rc4-hmac", "HTTP/"+host)
		kvno.Env = tickets.Env()
		if out, err := kvno.CombinedOutput(); err != nil {
			t.Fatalf("kvno: %v\n%s", err, out)
		}
		if list := tickets.List(t); !strings.Contains(list, "Etype (skey, tkt): "+etypes) {
			t.Fatalf("no ticket of the kind:\n%s", list)
		}
		client := e2e.StartInitiator(t, tickets)
		strict := adHelper(t, ad, adServices[host])
		if reply, _ := adAsk(t, strict, client, host); !strings.HasPrefix(reply, "ERR ") {
			t.Errorf("%s: the helper says %q", host, reply)
		}
		mustExplain(t, strict, "reason=encryption-not-permitted", "--permit-rc4")
		lenient := adHelper(t, ad, adServices[host], "--permit-rc4", "--groups", ad.SID(t, "Staff").Text)
		reply, groups := adAsk(t, lenient, client, host)
		want := []string{ad.SID(t, "Staff").Base64}
		if !strings.Contains(reply, " user=alice@"+e2e.ADRealm+" ") || !slices.Equal(groups, want) {
			t.Errorf("%s: the helper says %q", host, reply)
		}
	}
}

// TestNegotiateADCase has a client spell its name in capitals, which the KDC then
// puts into the ticket.
func TestNegotiateADCase(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	alice := e2e.AccountOf(t, "alice")
	alice.Name = "ALICE"
	client := e2e.StartInitiator(t, ad.Login(t, alice))
	for option, want := range map[string]string{"--strip-realm": "ALICE", "--lower-case": "alice@ad.example.test"} {
		reply, groups := adAsk(t, adHelper(t, ad, "svc-proxy", option), client, e2e.ADProxy)
		if !strings.Contains(reply, " user="+want+" ") || !slices.Contains(groups, ad.SID(t, "Staff").Base64) {
			t.Errorf("%s: the helper says %q", option, reply)
		}
	}
}

// TestNegotiateADDropIn gives the same tickets to Squid's own helper and to ours.
// They report the same groups in the same order, but ours has the user first.
func TestNegotiateADDropIn(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(cKerberosPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	ad := activeDirectory.Domain(t)
	alias := programs.As(t, "negotiate", "negotiate_kerberos_auth")
	theirs, ours := make(map[string]*e2e.Peer), make(map[string]*e2e.Peer)
	for host, service := range adServices {
		options := []string{"-k", ad.Keytab(service), "-s", "GSS_C_NO_NAME", "-t", "none"}
		theirs[host] = e2e.StartPeer(t, e2e.PeerConfig{
			Command: append([]string{cKerberosPath}, options...), Env: ad.Env(), AsProxy: true, Foreign: true,
		})
		ours[host] = e2e.StartPeer(t, e2e.PeerConfig{
			Command: append([]string{alias, "--permit-rc4"}, options...), Env: ad.Env(), AsProxy: true,
		})
	}
	for _, user := range []string{"alice", "jürgen", "manygroups", "mallory"} {
		client := e2e.StartInitiator(t, adLogin(t, ad, user))
		for host := range adServices {
			for _, mutual := range []bool{false, true} {
				line := "YR " + client.Begin(t, host, e2e.SPNEGO, mutual).Token
				mustAgree(t, theirs[host].Ask(t, line), ours[host].Ask(t, line), ad.SID(t, user).Base64, mutual)
			}
		}
	}
}

// mustAgree compares the replies of Squid's own helper and ours to one token of
// the user with the SID.
func mustAgree(t *testing.T, theirs, ours, sid string, mutual bool) {
	t.Helper()
	if strings.HasPrefix(theirs, "BH hostname error") {
		e2e.Lacking(t, "Squid's own helper does not work on a machine without a full name")
	}
	tokenA, restA, okA := splitReply(theirs)
	tokenB, restB, okB := splitReply(ours)
	// Without a PAC there is no SID, and their list is empty.
	restB = strings.Replace(restB, " group="+sid+" ", " ", 1)
	if !okA || !okB || restA != restB || !strings.HasPrefix(restA, "user=") {
		t.Errorf("theirs says %q, ours %q", theirs, ours)
	}
	if !mutual && tokenA != tokenB {
		t.Errorf("theirs answers token %q, ours %q", tokenA, tokenB)
	}
}
