package ldap

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

func TestParseFilter(t *testing.T) {
	for _, c := range []struct{ text, want, problem string }{
		{"(uid=%s)", `(uid=a\2ab)`, ""},
		{"uid=%s", `(uid=a\2ab)`, ""},
		{" ( & (objectClass=person) (| (uid=%s) (mail=%s@example.org) ) ) ", `(&(objectClass=person)(|(uid=a\2ab)(mail=a\2ab@example.org)))`, ""},
		{"(&(uid=%s)\n(! (x=1)))", `(&(uid=a\2ab)(!(x=1)))`, ""},
		{"(cn=John & %s | Co)", `(cn=John & a\2ab | Co)`, ""},
		{"(discount=50%%%s)", `(discount=50%a\2ab)`, ""},
		{"(memberOf:1.2.840.113556.1.4.1941:=%s)", `(memberOf:1.2.840.113556.1.4.1941:=a\2ab)`, ""},
		{"(uid=%d)", "", "%d, which stands for nothing"},
		{"(uid=%s", "", "cannot be read"},
		{"uid=%s)", "", "cannot be read"},
		{"(uid=%s)(x=1)", "", "cannot be read"},
		{"(uid=%", "", `ends in %`},
		{"(uid=alice)", "", "finds the same for every user"},
		{"", "", "finds the same"},
	} {
		f, err := ParseFilter(c.text, "s")
		switch {
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%q: %v", c.text, err)
		case c.problem == "" && err != nil:
			t.Errorf("%q: %v", c.text, err)
		case c.problem == "" && f.Fill(func(byte) string { return "a*b" }) != c.want:
			t.Errorf("%q: %s", c.text, f.Fill(func(byte) string { return "a*b" }))
		}
	}
}

// assertions returns the values that filters compare with (RFC 4511 section 4.5.1).
func assertions(filters cryptobyte.String) (values []string) {
	for !filters.Empty() {
		var body, attribute, value cryptobyte.String
		var tag asn1.Tag
		if !filters.ReadAnyASN1(&body, &tag) {
			return append(values, "malformed")
		}
		if tag != asn1.Tag(ldap.FilterEqualityMatch).ContextSpecific().Constructed() {
			values = append(values, assertions(body)...)
		} else if body.ReadASN1(&attribute, asn1.OCTET_STRING) && body.ReadASN1(&value, asn1.OCTET_STRING) {
			values = append(values, string(value))
		}
	}
	return values
}

// FuzzFilter: whatever the name, the filter stays the same but for the value, which
// is the name.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"alice", "*", "a)(uid=*", `\2a`, "", "%s", "a\x00b", "ä€", "(", "\\", "x*y*z", "\xff"} {
		f.Add(seed)
	}
	filter := mustParse(f, "(&(objectClass=person)(|(uid=%s)(!(mail=%s))))", "s")
	f.Fuzz(func(t *testing.T, name string) {
		text := filter.Fill(func(byte) string { return name })
		p, err := ldap.CompileFilter(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := assertions(p.Bytes()); !slices.Equal(got, []string{"person", name, name}) {
			t.Errorf("%q asserts %q", text, got)
		}
	})
}

// FuzzDN: whatever the name, the DN is the base's but for its first part, whose value
// is the name.
func FuzzDN(f *testing.F) {
	for _, seed := range []string{"alice", "a,ou=x", "a+cn=b", `"alice"`, "#414243", " a", "a ", "a=b", `a\`, `\`, "<>;", "ä", "a b", "=", "\\20"} {
		f.Add(seed)
	}
	m := &Make{Base: "ou=people,dc=test", Attribute: "uid"}
	f.Fuzz(func(t *testing.T, user string) {
		if !isName(user) {
			return
		}
		text, _ := m.bindName(t.Context(), nil, user)
		dn, err := ldap.ParseDN(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(dn.RDNs) != 3 || len(dn.RDNs[0].Attributes) != 1 || dn.RDNs[0].Attributes[0].Type != "uid" ||
			dn.RDNs[0].Attributes[0].Value != user || dn.RDNs[1].Attributes[0].Value != "people" {
			t.Errorf("%q of %q is %v", text, user, dn)
		}
	})
}
