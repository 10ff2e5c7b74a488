//go:build unix

package e2e_test

import (
	"testing"

	"squidauth/e2e"
)

// TestWrapperAD is one program for a whole domain: tickets against a keytab, and NTLM
// in every framing against its controller. One group admits users of both.
func TestWrapperAD(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	command := programs.Path(t, "wrapper") + " --keytab " + ad.Keytab("svc-proxy") + " " + adOptions(t, ad) +
		" --ntlm-realm " + e2e.ADRealm + " --require-group " + ad.SID(t, "ProxyUsers").Text + " --audit all"
	squid := e2e.Start(t, e2e.Config{
		Auth: []string{e2e.Negotiate(command, "5 startup=2 idle=1")},
		Env:  []string{"KRB5RCACHEDIR=" + e2e.ProxyDir(t)},
	})
	origin := e2e.StartOrigin(t)
	for _, user := range []string{"alice", "jürgen"} {
		answers := squid.Curl(t, adRequest(origin, adLogin(t, ad, user)))
		mustFetch(t, origin, answers)
		mustLogAll(t, squid, answers)
		for _, framing := range framings {
			mustAdmit(t, squid, origin, newFramed(t, squid, framing, ours(e2e.ADDomain, adUser(t, user))), e2e.ADDomain+`\`+user)
		}
	}
	mustRefuse(t, origin, squid.Curl(t, adRequest(origin, adLogin(t, ad, "mallory"))))
	for _, framing := range framings {
		mustNotAdmit(t, origin, newFramed(t, squid, framing, ours(e2e.ADDomain, adUser(t, "mallory"))))
		mustNotAdmit(t, origin, newFramed(t, squid, framing, ours(e2e.ADDomain, e2e.NTUser("alice", "not-a-secret"))))
	}
	mustSay(t, squid, "login accepted", "user=alice@"+e2e.ADRealm, "backend=kerberos")
	mustSay(t, squid, "login accepted", `user=`+e2e.ADDomain+`\alice`, "backend=netlogon")
	mustSay(t, squid, "login refused", "reason=wrong-password", "backend=netlogon")
}
