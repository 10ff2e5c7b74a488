package ntlmssp

import (
	"reflect"
	"testing"
	"unicode/utf8"
)

// FuzzNegotiate, FuzzChallenge and FuzzAuthenticate: what is read is written and
// read the same, and with an error there is nothing.

func FuzzNegotiate(f *testing.F) {
	n := Negotiate{Flags: NegotiateOEM | NegotiateOEMDomainSupplied | NegotiateOEMWorkstationSupplied | NegotiateVersion, Domain: "D\xfc", Workstation: "PC"}
	f.Add(n.Append(nil))
	f.Add(Negotiate{Flags: NegotiateUnicode}.Append(nil)[:16])
	f.Fuzz(func(t *testing.T, token []byte) {
		n, err := ParseNegotiate(token)
		if err != nil {
			if n != (Negotiate{}) {
				t.Fatalf("an error and %+v", n)
			}
			return
		}
		if !n.Flags.Has(NegotiateOEMDomainSupplied) && n.Domain != "" || !utf8.ValidString(n.Domain+n.Workstation) {
			t.Fatalf("%+v", n)
		}
		if again, err := ParseNegotiate(n.Append(nil)); err == nil && len(n.Domain)+len(n.Workstation) < 1<<16 && again != n {
			t.Fatalf("%+v became %+v", n, again)
		} else if err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzChallenge(f *testing.F) {
	for _, m := range specMessages {
		f.Add(unhex(f, m.challenge))
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		c, err := ParseChallenge(token)
		if err != nil {
			if !reflect.DeepEqual(c, Challenge{}) {
				t.Fatalf("an error and %+v", c)
			}
			return
		}
		again, err := ParseChallenge(c.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		// Bytes that are not UTF-8 become longer when they are written in it.
		if len(token) < 1<<14 && (again.TargetName != c.TargetName || again.ServerChallenge != c.ServerChallenge || len(again.TargetInfo) != len(c.TargetInfo)) {
			t.Fatalf("%+v became %+v", c, again)
		}
	})
}

func FuzzAuthenticate(f *testing.F) {
	for _, m := range specMessages {
		f.Add(unhex(f, m.authenticate))
	}
	a := Authenticate{Flags: NegotiateOEM | NegotiateKeyExch, Domain: "d", User: "J\xfcrgen", LMResponse: make([]byte, 24),
		NTResponse: append(make([]byte, 16), Blob(1, specClient, AVPairs{}.WithMIC())...), MIC: make([]byte, 16), EncryptedRandomSessionKey: make([]byte, 16)}
	f.Add(a.Append(nil))
	f.Fuzz(func(t *testing.T, token []byte) {
		a, err := ParseAuthenticate(token)
		if err != nil {
			if !reflect.DeepEqual(a, Authenticate{}) {
				t.Fatalf("an error and %+v", a)
			}
			return
		}
		if !utf8.ValidString(a.User + a.Domain + a.Workstation) {
			t.Fatalf("names %q %q %q", a.User, a.Domain, a.Workstation)
		}
		if r, err := ParseResponse(a.NTResponse); (a.Form() != NTLMv2 || err != nil) && r.Pairs.HasMIC() {
			t.Fatalf("%v, %v: %+v", a.Form(), err, r)
		}
		MIC(specSession, nil, nil, token)
		if len(token) > 1<<14 {
			return // names that are not UTF-8 become longer when they are written in it
		}
		b, err := ParseAuthenticate(a.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if b.Form() != a.Form() || b.User != a.User || b.Domain != a.Domain || b.Workstation != a.Workstation ||
			string(b.NTResponse) != string(a.NTResponse) || string(b.LMResponse) != string(a.LMResponse) || b.Flags != a.Flags {
			t.Fatalf("%+v became %+v", a, b)
		}
	})
}
