package identity

import "testing"

func TestSameName(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"", "", true}, {"Smith", "sMITH", true}, {"JÜRGEN", "jürgen", true}, {"smith", "smit", false},
		{"ſmith", "smith", false}, {"frank", "fran\u212a", false}, {"smíth", "smith", false}, {"\xff", "\xfe", false},
	} {
		if SameName(c.a, c.b) != c.same || SameName(c.b, c.a) != c.same {
			t.Errorf("%q and %q are not %v", c.a, c.b, c.same)
		}
	}
}

func TestNames(t *testing.T) {
	full := Account{Name: "bob", Realm: "EXAMPLE.ORG", SAM: "Bob", Domain: "EXAMPLE", UPN: "bob@mail.example"}
	service := Account{Name: `HTTP\/www/a`, Realm: "EXAMPLE.ORG"} // of a KDC that says nothing else
	local := Account{Name: "bob"}
	ntlm := Account{Name: "bob", Domain: "EXAMPLE"}
	for _, c := range []struct {
		account                      Account
		principal, bare, domain, upn string
	}{
		{full, "bob@EXAMPLE.ORG", "bob", `EXAMPLE\Bob`, "bob@mail.example"},
		{service, `HTTP\/www/a@EXAMPLE.ORG`, `HTTP\/www/a`, `HTTP\/www/a@EXAMPLE.ORG`, `HTTP\/www/a@EXAMPLE.ORG`},
		{local, "bob", "bob", "bob", "bob"},
		{ntlm, `EXAMPLE\bob`, "bob", `EXAMPLE\bob`, `EXAMPLE\bob`},
	} {
		for form, want := range map[Form]string{Principal: c.principal, Bare: c.bare, Domain: c.domain, UPN: c.upn} {
			if got := (Names{Form: form}).Of(c.account); got != want {
				t.Errorf("form %d of %+v: %q, want %q", form, c.account, got, want)
			}
		}
	}
	if got := (Names{Form: Domain, LowerCase: true}).Of(Account{Name: "ÄNNE-\u212a", Domain: "EXAMPLE"}); got != "example\\änne-\u212a" {
		t.Errorf("in lower case: %q", got)
	}
}

func TestParseForm(t *testing.T) {
	for name, want := range map[string]Form{"principal": Principal, "user": Bare, "domain": Domain, "upn": UPN} {
		if form, ok := ParseForm(name); !ok || form != want {
			t.Errorf("%s: %v, %v", name, form, ok)
		}
	}
	for _, name := range []string{"", "Principal", "user@REALM"} {
		if _, ok := ParseForm(name); ok {
			t.Errorf("%q is a form", name)
		}
	}
}
