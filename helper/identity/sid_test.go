package identity

import (
	"fmt"
	"strings"
	"testing"
)

func mustSID(tb testing.TB, s string) SID {
	tb.Helper()
	sid, err := ParseSID(s)
	if err != nil {
		tb.Fatalf("%q: %v", s, err)
	}
	return sid
}

func TestSIDText(t *testing.T) {
	subs := strings.Repeat("-4294967295", maxSubs)
	for _, c := range []struct{ in, out string }{
		{"S-1-5", "S-1-5"},
		{"s-1-5-32-544", "S-1-5-32-544"},
		{"S-1-4294967295-0", "S-1-4294967295-0"},
		{"S-1-0x0000000000AB-1", "S-1-171-1"},
		{"S-1-0XFFffFFffFFff-1", "S-1-0xFFFFFFFFFFFF-1"},
		{"S-1-0x000100000000", "S-1-0x000100000000"},
		{"S-1-5" + subs, "S-1-5" + subs},
	} {
		sid := mustSID(t, c.in)
		if sid.String() != c.out || mustSID(t, c.out) != sid {
			t.Errorf("%q: got %q, want %q", c.in, sid, c.out)
		}
		if b := sid.Binary(); len(b) != sidHeader+4*sid.Subauthorities() || string(b) != sid.packet {
			t.Errorf("%q: binary % x", c.in, b)
		}
	}
	for _, in := range []string{"", "S", "S-1", "S-1-", "S-2-5", "S-1-5-", "S-1-5-4294967296", "S-1-4294967296", "S-1-5--1", "S-1-5-+1",
		"S-1-5-0x1", "S-1-0x5", "S-1-0x0000000000Ag", "S-1-0x+00000000001", "S-1-5 ", " S-1-5", "T-1-5", "S-1-5-1_0", "S-1-5-1" + subs} {
		if sid, err := ParseSID(in); err == nil || !sid.IsZero() {
			t.Errorf("%q: %q, %v", in, sid, err)
		}
	}
	var none SID
	if none.String() != "" || len(none.Binary()) != 0 {
		t.Errorf("the zero SID is %q, % x", none, none.Binary())
	}
	if got := fmt.Sprintf("% x", mustSID(t, "S-1-5-32-544").Binary()); got != "01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00" {
		t.Errorf("BUILTIN\\Administrators is %s", got)
	}
}

func TestCutSID(t *testing.T) {
	whole := string(mustSID(t, "S-1-5-32-544").Binary())
	for i := range whole {
		if sid := CutSID(whole[:i]); !sid.IsZero() {
			t.Errorf("%d bytes: %v", i, sid)
		}
	}
	for name, packet := range map[string]string{"revision": "\x02" + whole[1:], "16 subauthorities": "\x01\x10" + strings.Repeat("a", 80)} {
		if sid := CutSID(packet); !sid.IsZero() {
			t.Errorf("%s: %v", name, sid)
		}
	}
}

func TestChildren(t *testing.T) {
	domain := mustSID(t, "S-1-5-21-1-2-3")
	if got := fmt.Sprint(domain.Children(2, func(i int) uint32 { return []uint32{513, 4294967295}[i] })); got != "[S-1-5-21-1-2-3-513 S-1-5-21-1-2-3-4294967295]" {
		t.Error(got)
	}
	if domain.Child(513) != mustSID(t, "S-1-5-21-1-2-3-513") {
		t.Error(domain.Child(513))
	}
	full := mustSID(t, "S-1-5"+strings.Repeat("-1", maxSubs))
	if !full.Child(1).IsZero() || !(SID{}).Child(1).IsZero() || domain.Children(0, nil) != nil {
		t.Error("a SID where there cannot be one")
	}
}

// FuzzSID checks that what ParseSID accepts is printed and read the same.
func FuzzSID(f *testing.F) {
	for _, s := range []string{"S-1-5-21-1-2-3-513", "s-1-0", "S-1-0xFFFFFFFFFFFF-1", "S-1-5-", "S-1-5-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sid, err := ParseSID(s)
		if err != nil {
			if !sid.IsZero() {
				t.Fatal("an error and a SID")
			}
			return
		}
		if CutSID(string(sid.Binary())+"more") != sid || mustSID(t, sid.String()) != sid {
			t.Fatalf("%q became %v, % x", s, sid, sid.Binary())
		}
	})
}
