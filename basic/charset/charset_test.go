package charset

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"squidauth/basic"
	"squidauth/protocol"
)

// directory knows one user, and notes what it is asked.
type directory struct {
	user, password string
	asked          []string
	verdict        *basic.Verdict // instead of its own
	guarded        bool           // it was asked about others too often
}

func (d *directory) Authenticate(_ context.Context, user string, password protocol.Secret) basic.Verdict {
	d.asked = append(d.asked, user+":"+string(password))
	switch {
	case d.verdict != nil:
		return *d.verdict
	case user != d.user && d.guarded:
		return basic.No("held-back", "").OfUnknown()
	case user != d.user:
		return basic.No(basic.NoSuchUser, "")
	case string(password) != d.password:
		return basic.No(basic.WrongPassword, "")
	}
	return basic.Yes(protocol.Identity{User: user})
}

func TestForms(t *testing.T) {
	for _, c := range []struct {
		charsets, user, password string
		asked                    string // every form, when each is wrong
	}{
		{"latin1 cp1252 utf8", "bob", "plain", "bob:plain"},
		{"", "bob", "\xe4", "bob:\xe4"},
		{"latin1", "bob", "\xe4\xf6", "bob:äö bob:\xe4\xf6"},
		{"latin1", "bob", "äö", "bob:äö"}, // which is UTF-8 already
		{"latin1 cp1252", "bob", "\xe4", "bob:ä bob:\xe4"},
		{"latin1 cp1252", "bob", "\x80", "bob:\u0080 bob:€ bob:\x80"},
		{"cp1252", "bob", "\x80\x93", "bob:€“ bob:\x80\x93"},
		{"utf8", "bob", "äö", "bob:äö bob:\xe4\xf6"},
		{"utf8", "bob", "€", "bob:€"}, // which ISO 8859-1 lacks
		{"utf8", "bob", "\xe4", "bob:\xe4"},
		{"latin1 utf8", "bob", "ä", "bob:ä bob:\xe4"},
		{"latin1 utf8", "bob", "\xe4", "bob:ä bob:\xe4"},
		{"latin1", "bob", "\xc3\x28", "bob:Ã( bob:\xc3("},
	} {
		var charsets []Charset
		for _, name := range strings.Fields(c.charsets) {
			charset, err := Parse(name)
			if err != nil {
				t.Fatal(err)
			}
			charsets = append(charsets, charset)
		}
		d := &directory{user: c.user, password: "another"}
		v := New(d, charsets).Authenticate(t.Context(), c.user, protocol.Secret(c.password))
		if got := strings.Join(d.asked, " "); got != c.asked || v.Reason() != basic.WrongPassword {
			t.Errorf("%s, %q: %q, want %q; %s", c.charsets, c.password, got, c.asked, v.Reason())
		}
		for _, form := range strings.Split(c.asked, " ") {
			_, d.password, _ = strings.Cut(form, ":")
			if v := New(d, charsets).Authenticate(t.Context(), c.user, protocol.Secret(c.password)); v.Outcome() != protocol.Accepted {
				t.Errorf("%s, %q: %q is not let in", c.charsets, c.password, d.password)
			}
		}
	}
}

// TestName: a name in another form is another name, and tried too; one that is the same
// in all forms is asked about once if nobody has it.
func TestName(t *testing.T) {
	b := &directory{user: "jörg", password: "x"}
	if v := New(b, []Charset{Latin1}).Authenticate(t.Context(), "j\xf6rg", "x"); v.Outcome() != protocol.Accepted || v.Identity().User != "jörg" {
		t.Errorf("%+v", v)
	}
	old := &directory{user: "j\xf6rg", password: "x"}
	for _, user := range []string{"j\xf6rg", "jörg"} {
		if v := New(old, []Charset{Latin1, UTF8}).Authenticate(t.Context(), user, "x"); v.Outcome() != protocol.Accepted {
			t.Errorf("%q: %+v", user, v)
		}
	}
	old.guarded = true
	if v := New(old, []Charset{Latin1}).Authenticate(t.Context(), "j\xf6rg", "x"); v.Outcome() != protocol.Accepted {
		t.Errorf("a form of the name is held back: %+v", v)
	}
	old.asked, old.guarded = nil, false
	if v := New(old, []Charset{Latin1}).Authenticate(t.Context(), "eve", "\xf6"); v.Reason() != basic.NoSuchUser || len(old.asked) != 1 {
		t.Errorf("%q", old.asked)
	}
}

// TestOnce: what no other form would change is not asked twice.
func TestOnce(t *testing.T) {
	for _, v := range []basic.Verdict{
		basic.Yes(protocol.Identity{User: "x"}), basic.No(basic.AccountLocked, ""), basic.No("held-back", ""),
		basic.Undecided(basic.Unavailable, errors.New("away")), {},
	} {
		d := &directory{verdict: &v}
		if got := New(d, []Charset{Latin1, CP1252}).Authenticate(t.Context(), "\xe4", "\x80"); len(d.asked) != 1 || got.Reason() != v.Reason() {
			t.Errorf("%s: %q", v.Reason(), d.asked)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := new(directory)
	New(d, []Charset{Latin1}).Authenticate(ctx, "\xe4", "x")
	if len(d.asked) != 1 {
		t.Errorf("asked again without time: %q", d.asked)
	}
}

// FuzzForms: a login is asked about as it came, among at most as many forms as there are
// character sets besides; the first is UTF-8 where that can be.
func FuzzForms(f *testing.F) {
	f.Add("bob", "\xe4")
	f.Add("jörg", "€")
	f.Add("\xc3", "\x81\x8d")
	f.Fuzz(func(t *testing.T, user, password string) {
		d := new(directory)
		v := basic.No(basic.WrongPassword, "")
		d.verdict = &v
		New(d, []Charset{Latin1, CP1252, UTF8}).Authenticate(t.Context(), user, protocol.Secret(password))
		if !slices.Contains(d.asked, user+":"+password) || len(d.asked) > 3 {
			t.Errorf("%q", d.asked)
		}
		if first := d.asked[0]; strings.ToValidUTF8(first, "") != first {
			t.Errorf("%q first", first)
		}
	})
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "UTF8", "utf-8", "latin2"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q is a character set", bad)
		}
	}
}
