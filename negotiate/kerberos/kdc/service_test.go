package kdc

import (
	"errors"
	"testing"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

// TestServiceTicket gets a ticket for a service of another realm by way of the
// user's, whatever krb5.conf says of the host.
func TestServiceTicket(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	next := tgt
	next.Session = krbtest.Key(krbtest.AES256SHA1, "session") // as granted
	second := serve(t, grants(t, next, nil))
	first := serve(t, grants(t, tgt, func(g *krbtest.Grant) { g.Part.SName.NameString = []string{"krbtgt", "OTHER.TEST"} }))
	c := mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}),
		realms(krbtest.Realm, first, "OTHER.TEST", second)+"[domain_realm]\n .example.org = NOWHERE.TEST\n")
	got, err := c.ServiceTicket(t.Context(), initiator.Principal{Name: []string{"ldap", "dc1.example.org", "other.test"}, Realm: "OTHER.TEST"})
	if want := "ldap/dc1.example.org/other.test@OTHER.TEST kvno 3 aes256-cts-hmac-sha1-96"; err != nil || got.Ticket.String() != want {
		t.Errorf("%s, %v, want %s", got.Ticket, err, want)
	}
	unknown := serve(t, func([]byte) []byte { return frame(krbtest.KDCError(serviceUnknown, "")) })
	c = mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}), realms(krbtest.Realm, unknown))
	if _, err := c.ServiceTicket(t.Context(), initiator.Principal{Name: []string{"ldap", "dc1"}, Realm: krbtest.Realm}); !errors.Is(err, ErrUnknownService) {
		t.Error(err)
	}
}
