//go:build unix

package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"squidauth/e2e"
)

// adPassword starts Squid with a helper that asks the domain's KDC, with more options
// of Squid and of the helper.
func adPassword(t *testing.T, ad *e2e.Domain, extra, options string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	command := fmt.Sprintf("%s --concurrency 20 --audit all kerberos --realm %s --keytab %s --kdc %s %s",
		programs.Path(t, "basic"), e2e.ADRealm, ad.Keytab("svc-proxy"), ad.Address(), options)
	var secrets []string
	for _, a := range e2e.Accounts() {
		secrets = append(secrets, a.Password)
	}
	squid := e2e.Start(t, e2e.Config{
		Auth:  []string{e2e.Basic(command, "1 startup=1 idle=1 concurrency=20", "casesensitive on")},
		Extra: extra, Secrets: secrets,
	})
	return squid, e2e.StartOrigin(t)
}

// TestKerberosPasswordAD logs in to the domain, and with each account that the
// controller refuses.
func TestKerberosPasswordAD(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	squid, origin := adPassword(t, ad, "", "")
	for _, user := range []string{"alice", "ALICE", "bob", "jürgen", "manygroups"} {
		mustFetch(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: user, Password: e2e.AccountOf(t, strings.ToLower(user)).Password}))
	}
	for _, a := range e2e.Accounts() {
		if a.Refusal.Status == 0 || a.Refusal == e2e.InvalidWorkstation { // which names none of the addresses that Kerberos sends
			continue
		}
		mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: a.Name, Password: a.Password}))
		reason := adReasons[a.Refusal]
		if a.Refusal == e2e.LockedOut { // Samba does not say so by Kerberos
			reason = "account-disabled-or-locked"
		}
		mustSay(t, squid, "login refused", "user="+a.Name, "reason="+reason)
	}
	for user, reason := range map[string]string{"counted": "wrong-password", "nobody": "no-such-user", "proxy": "not-the-accounts-name"} {
		password := "not-a-secret"
		if user == "proxy" {
			password = e2e.AccountOf(t, "PROXY$").Password
		}
		mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: user, Password: password}))
		mustSay(t, squid, "login refused", "user="+user, "reason="+reason)
	}
	if n := ad.CountedGuesses(t, "counted"); n != 1 {
		t.Errorf("one wrong password counted as %d", n)
	}
}

// TestKerberosPasswordADGroups has our helper and squid.conf decide by group.
func TestKerberosPasswordADGroups(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	group := ad.SID(t, "ProxyUsers")
	for name, variant := range map[string]struct{ extra, options string }{
		"helper": {"", "--require-group " + group.Text},
		"squid":  {"acl users note group " + group.Base64 + "\nacl known proxy_auth REQUIRED\nhttp_access deny known !users", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := adPassword(t, ad, variant.extra, variant.options)
			mustFetch(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: "alice", Password: e2e.AccountOf(t, "alice").Password}))
			a := squid.Curl(t, e2e.Request{URL: origin.URL(), User: "mallory", Password: e2e.AccountOf(t, "mallory").Password})[0]
			if a.Fetched() || origin.Hits(a.URL) != 0 {
				t.Errorf("mallory: status %d", a.Status)
			}
		})
	}
}
