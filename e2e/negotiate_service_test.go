//go:build unix

package e2e_test

import (
	"strings"
	"testing"

	"squidauth/e2e"
)

// TestNegotiateWrongKey has tickets for keys that the keytab does not have, though
// it has or had others of the same service.
func TestNegotiateWrongKey(t *testing.T) {
	t.Parallel()
	const (
		changed = "changed.example.test"
		anew    = "anew.example.test"
		newer   = "newer.example.test"
	)
	d := newDialogue(t, localService, changed, anew)
	d.kdc.Admin(t, "cpw -randkey HTTP/"+changed)
	d.kdc.Admin(t, "delprinc -force HTTP/"+anew)
	d.kdc.Admin(t, "addprinc -randkey HTTP/"+anew)
	d.kdc.Admin(t, "addprinc -randkey -e aes256-sha2:normal HTTP/"+newer)
	helper := d.helper(t)
	for service, words := range map[string][]string{
		changed: {"reason=ticket-does-not-decrypt", "HTTP/changed.example.test@EXAMPLE.TEST kvno 2", "HTTP/changed.example.test@EXAMPLE.TEST kvno 1", "out of date"},
		anew:    {"reason=ticket-does-not-decrypt", "the ticket for HTTP/anew.example.test@EXAMPLE.TEST kvno 1", "out of date"},
		newer:   {"reason=no-key-for-ticket", "HTTP/newer.example.test@EXAMPLE.TEST kvno 1 aes256-cts-hmac-sha384-192", "HTTP/localhost@EXAMPLE.TEST"},
	} {
		t.Run(service, func(t *testing.T) {
			for _, kind := range []string{e2e.BareKerberos, e2e.SPNEGO} {
				mustBeERR(t, helper, "YR "+d.client.Begin(t, service, kind, true).Token, saidNo, words...)
			}
		})
	}
	mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
}

// TestNegotiateServiceAbroad has a user of another realm come with a ticket for the
// service of the same name there. With one for ours she is let in.
func TestNegotiateServiceAbroad(t *testing.T) {
	t.Parallel()
	const both = "proxy.other.test"
	d := newDialogue(t, localService, both)
	carol := e2e.User{Name: "carol", Password: "carols-secret"}
	d.kdc.AddUser(t, e2e.OtherRealm, carol)
	d.kdc.AddUser(t, e2e.OtherRealm, e2e.User{Name: "HTTP/" + both, Password: "a-services-secret"})
	client := e2e.StartInitiator(t, d.kdc.LoginAt(t, e2e.OtherRealm, carol))
	helper, named := d.helper(t), d.helper(t, "--spn", "HTTP/"+both)
	words := []string{
		"reason=ticket-does-not-decrypt",
		"the ticket for HTTP/proxy.other.test@OTHER.TEST",
		"the keytab has", "HTTP/proxy.other.test@EXAMPLE.TEST",
	}
	mustBeERR(t, helper, "YR "+client.Begin(t, both, e2e.BareKerberos, true).Token, saidNo, words...)
	mustBeERR(t, named, "YR "+client.Begin(t, both, e2e.BareKerberos, true).Token, saidNo, words...)
	reply := helper.Ask(t, "YR "+client.Begin(t, localService, e2e.BareKerberos, true).Token)
	if !strings.HasSuffix(reply, " user=carol@OTHER.TEST") {
		t.Errorf("our own service: the helper says %q\n%s", reply, helper.Log())
	}
}

// TestNegotiateWrongName narrows down the services and the clients that count, to
// others than those that come.
func TestNegotiateWrongName(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService, namedService)
	for name, c := range map[string]struct{ option, value, reason, words string }{
		"service":            {"--spn", "HTTP/" + namedService, "reason=ticket-does-not-decrypt", "HTTP/localhost@EXAMPLE.TEST"},
		"realm of service":   {"--spn", "HTTP/localhost@OTHER.TEST", "reason=no-key-for-ticket", "HTTP/localhost@EXAMPLE.TEST"},
		"case of service":    {"--spn", "http/localhost", "reason=no-key-for-ticket", "HTTP/localhost@EXAMPLE.TEST"},
		"realm of client":    {"--realm", e2e.OtherRealm, "reason=realm-not-allowed", "EXAMPLE.TEST"},
		"case of its realm":  {"--realm", "example.test", "reason=realm-not-allowed", "EXAMPLE.TEST"},
		"realm, not a regex": {"--realm", "EXAMPLE.TES.", "reason=realm-not-allowed", "EXAMPLE.TEST"},
	} {
		t.Run(name, func(t *testing.T) {
			helper := d.helper(t, c.option, c.value)
			mustBeERR(t, helper, "YR "+d.token(t, localService), saidNo, c.reason, c.words)
		})
	}
}
