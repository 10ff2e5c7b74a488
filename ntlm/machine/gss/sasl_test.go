package gss

import (
	"testing"

	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// TestNext goes through a login (RFC 4752 section 3.1): a ticket, nothing, and the
// protection that is chosen of those that the server offers.
func TestNext(t *testing.T) {
	for name, c := range map[string]struct {
		sealed bool
		offer  string
		want   string // empty: it is refused
	}{
		"sealed":        {true, "\x07\x01\x00\x00", "\x04\x0f\xff\xff"},
		"without layer": {false, "\x07\x01\x00\x00", "\x01\x00\x00\x00"},
		"none sealed":   {true, "\x03\x01\x00\x00", ""},
		"only sealed":   {false, "\x04\x01\x00\x00", ""},
		"no room":       {true, "\x04\x00\x00\x10", ""},
		"no offer":      {true, "", ""},
	} {
		ticket := credential(t, etypeID.AES128_CTS_HMAC_SHA1_96)
		s := &SASL{Ticket: ticket, Now: now, Sealed: c.sealed}
		token, last, err := s.Next(nil)
		if last || err != nil {
			t.Fatalf("%s: %v, %v", name, last, err)
		}
		a, reply := accept(t, ticket, token, true)
		if nothing, last, err := s.Next(reply); len(nothing) > 0 || last || err != nil {
			t.Errorf("%s: %x, %v, %v", name, nothing, last, err)
		}
		choice, last, err := s.Next(a.sign(t, c.offer, 0))
		if !last || (err == nil) != (c.want != "") {
			t.Errorf("%s: %x, %v, %v", name, choice, last, err)
		}
		if err != nil {
			continue
		}
		var w gssapi.WrapToken
		if err := w.Unmarshal(choice, false); err != nil || string(w.Payload) != c.want {
			t.Errorf("%s: %x, %v", name, w.Payload, err)
		}
	}
	s := &SASL{Ticket: credential(t, etypeID.AES128_CTS_HMAC_SHA1_96), Now: now}
	if _, _, err := s.Next(nil); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is not the service's leads no further
		if _, last, err := s.Next([]byte("no token")); last || err == nil {
			t.Errorf("%v, %v", last, err)
		}
	}
}
