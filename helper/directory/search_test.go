package directory

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/identity"
)

// TestSIDFilter: the filter that is sent holds the SIDs, byte by byte, whatever
// they are.
func TestSIDFilter(t *testing.T) {
	domain := mustSID(t, domainSID)
	for first := 0; first < 1<<16; first += 251 { // all bytes, in every place
		rid := func(i int) uint32 {
			return binary.BigEndian.Uint32([]byte{byte(first), byte(first >> 8), byte(first + i), byte(i)})
		}
		sids := domain.Children(maxGroups, rid)
		values := make([]string, len(sids))
		for i, sid := range sids {
			values[i] = string(sid.Binary())
		}
		packet, err := ldap.CompileFilter(groupFilter(attrSID, values))
		if err != nil {
			t.Fatal(err)
		}
		list := packet.Children[1].Children
		if packet.Tag != ldap.FilterAnd || packet.Children[1].Tag != ldap.FilterOr || len(list) != len(sids) {
			t.Fatalf("%d SIDs of %d", len(list), len(sids))
		}
		for i, sid := range sids {
			if list[i].Tag != ldap.FilterEqualityMatch || list[i].Children[0].Data.String() != attrSID || list[i].Children[1].Data.String() != string(sid.Binary()) {
				t.Errorf("%v became % x", sid, list[i].Children[1].Data.String())
			}
		}
	}
}

// FuzzNameFilter: no name says anything but itself.
func FuzzNameFilter(f *testing.F) {
	for _, s := range []string{"Staff", "*", "a)(objectSid=*", `a\2a`, `\`, "Café", "\x00", "(|(cn=*))", "", "\xff", " Staff "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		packet, err := ldap.CompileFilter(groupFilter(attrName, []string{name, "Staff"}))
		if err != nil {
			t.Fatal(err)
		}
		if packet.Tag != ldap.FilterAnd || len(packet.Children) != 2 {
			t.Fatalf("%q changed the filter", name)
		}
		list := packet.Children[1]
		if list.Tag != ldap.FilterOr || len(list.Children) != 2 {
			t.Fatalf("%q changed the list", name)
		}
		match := list.Children[0]
		if match.Tag != ldap.FilterEqualityMatch || match.Children[0].Data.String() != attrName || match.Children[1].Data.String() != name {
			t.Fatalf("%q became %q", name, match.Children[1].Data.String())
		}
	})
}

// FuzzGroupOf: of a hostile entry, there is nothing or a whole SID, and no name that
// could break a line or pass for a SID.
func FuzzGroupOf(f *testing.F) {
	staff := mustSID(f, domainSID+"-1001")
	f.Add(staff.Binary(), "Staff")
	f.Add(append(staff.Binary(), 0), "S-1-5-32-544")
	f.Add([]byte("\x01\xff"), "two\nlines")
	f.Add([]byte{}, strings.Repeat("x", maxName+1))
	f.Fuzz(func(t *testing.T, sid []byte, name string) {
		g := groupOf(&ldap.Entry{Attributes: []*ldap.EntryAttribute{
			{Name: "ObjectSID", ByteValues: [][]byte{sid}},
			ldap.NewEntryAttribute("samaccountname", []string{name}),
		}})
		if !g.sid.IsZero() && string(g.sid.Binary()) != string(sid) {
			t.Errorf("% x became %v", sid, g.sid)
		}
		if g.name == "" {
			return
		}
		if _, err := identity.ParseSID(g.name); err == nil || g.name != name || !utf8.ValidString(g.name) ||
			len(g.name) > maxName || strings.ContainsFunc(g.name, unicode.IsControl) {
			t.Errorf("%q became %q", name, g.name)
		}
	})
}

// TestMayHaveName: it is the beginning of a SID that says so, and costs nothing to see.
func TestMayHaveName(t *testing.T) {
	for text, want := range map[string]bool{
		domainSID + "-1001": true, "S-1-5-21-1": true, "S-1-5-32-544": true,
		"S-1-5-21": false, "S-1-5-32": false, "S-1-5": false, "S-1-5-11": false, "S-1-18-1": false, "S-1-1-0": false,
		"S-1-5-210-1": false, "S-1-5-2-1": false, "S-1-6-21-1": false, "S-1-0x050000000000-21-1": false, "S-1-5-5376-1": false,
	} {
		sid := mustSID(t, text)
		same(t, text, mayHaveName(sid), want)
		if n := testing.AllocsPerRun(100, func() { mayHaveName(sid) }); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
	same(t, "no SID", mayHaveName(identity.SID{}), false)
}
