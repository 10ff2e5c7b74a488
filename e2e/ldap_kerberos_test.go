//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/e2e"
	"squidauth/protocol"
)

// TestLDAPKerberos searches as a service that has a keytab and no password: over TLS,
// and over a connection that Kerberos seals.
func TestLDAPKerberos(t *testing.T) {
	t.Parallel()
	kdc := e2e.StartKDC(t, []e2e.User{{Name: "squid", Password: "never-used-but-for-its-key"}})
	keytab := filepath.Join(e2e.Dir(t), "keytab")
	kdc.Admin(t, "ktadd -norandkey -k "+keytab+" squid")
	if err := os.Chmod(keytab, 0o644); err != nil {
		t.Fatal(err)
	}
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{KDC: kdc})
	byName := func(uri string) string { return strings.Replace(uri, "127.0.0.1", e2e.SlapdHost, 1) }
	dave := e2e.StaffPerson()
	for name, options := range map[string]string{
		"sealed":             "--url " + byName(slapd.URI()),
		"ldaps":              "--ca " + slapd.CAFile() + " --url " + byName(slapd.SecureURI()),
		"StartTLS":           "--start-tls --ca " + slapd.CAFile() + " --url " + byName(slapd.URI()),
		"principal is named": "--bind-principal squid@" + e2e.Realm + " --url " + byName(slapd.URI()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields("ldap --filter uid=%s --base " + e2e.SlapdBase + " --bind-keytab " + keytab + " " + options)
			helper := e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{programs.Path(t, "basic")}, words...), AsProxy: true, Env: kdc.Env()})
			for line, want := range map[string]protocol.Result{
				"dave " + dave.Password: protocol.ResultOK,
				"dave not-the-password": protocol.ResultERR,
				"nobody x":              protocol.ResultERR,
			} {
				reply := helper.Ask(t, line)
				if got, _ := resultAndGroups(reply); got != want {
					t.Errorf("%q, want %v\n%s", reply, want, helper.Log())
				}
			}
		})
	}
}
