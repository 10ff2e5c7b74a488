package message

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRequests compares with what the structures of RFC 4511 section 4 are in BER, by
// hand.
func TestRequests(t *testing.T) {
	search, err := AppendSearch(nil, 2, &ldap.SearchRequest{
		BaseDN: "dc=x", Scope: ldap.ScopeWholeSubtree, DerefAliases: ldap.DerefAlways, SizeLimit: 2, TimeLimit: 300, TypesOnly: true,
		Filter: "(uid=a)", Attributes: []string{"cn", "1.1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"bind":                 {AppendBind(nil, 1, "cn=a", "pw"), "30 12 020101 60 0d 020103 0404636e3d61 80027077"},
		"bind with a control":  {AppendBind(nil, 1, "", "", "1.2"), "30 15 020101 60 07 020103 0400 8000 a0 07 30 05 0403312e32"},
		"SASL":                 {AppendSASL(nil, 127, "GSSAPI", []byte{1}), "30 17 02017f 60 12 020103 0400 a3 0b 0406475353415049 040101"},
		"SASL, nothing to say": {AppendSASL(nil, 128, "GSSAPI", nil), "30 15 02020080 60 0f 020103 0400 a3 08 0406475353415049"},
		"search":               {search, "30 30 020102 63 2b 040464633d78 0a0102 0a0103 020102 0202012c 0101ff a3 08 0403756964 040161 30 09 0402636e 0403312e31"},
		"compare":              {AppendCompare(nil, 3, "cn=a", "sn", "b"), "30 14 020103 6e 0f 0404636e3d61 30 07 0402736e 040162"},
		"StartTLS":             {AppendExtended(nil, 1, StartTLS), "30 1d 020101 77 18 8016 312e332e362e312e342e312e313436362e3230303337"},
		"unbind":               {AppendUnbind(nil, math.MaxInt32), "30 08 02047fffffff 4200"},
	} {
		if want := unhex(t, c.want); !bytes.Equal(c.got, want) {
			t.Errorf("%s: %x, want %x", name, c.got, want)
		}
	}
}

// TestAppends: what was there before stays.
func TestAppends(t *testing.T) {
	before := []byte("before")
	long := strings.Repeat("x", 300)
	for _, b := range [][]byte{AppendBind(before, 1, long, "x"), AppendUnbind(before, 1)} {
		if _, err := ber.DecodePacketErr(b[len(before):]); !bytes.HasPrefix(b, before) || err != nil {
			t.Errorf("%q, %v", b, err)
		}
	}
}

func TestBadFilter(t *testing.T) {
	for _, filter := range []string{"", "cn=a", "(cn=a", "(cn=a)(sn=b)"} {
		if b, err := AppendSearch(nil, 1, &ldap.SearchRequest{Filter: filter}); err == nil {
			t.Errorf("%q: %x", filter, b)
		}
	}
}

// FuzzRequests: another decoder reads of requests what they were made of.
func FuzzRequests(f *testing.F) {
	f.Add(int32(1), "cn=a", "pw")
	f.Add(int32(128), strings.Repeat("x", 127), strings.Repeat("y", 128))
	f.Add(int32(math.MaxInt32), strings.Repeat("x", 256), strings.Repeat("y", 1<<16))
	f.Add(int32(0), "", "\x00\xff")
	f.Fuzz(func(t *testing.T, id int32, name, value string) {
		if id < 0 {
			return
		}
		values := func(b []byte) []string {
			p, err := ber.DecodePacketErr(b)
			if err != nil || len(p.Children) < 2 || p.Children[0].Value != int64(id) || len(p.Bytes()) != len(b) {
				t.Fatalf("%x: %v", b, err)
			}
			return texts(p.Children[1])
		}
		filter := "(cn=" + ldap.EscapeFilter(value) + ")"
		search, err := AppendSearch(nil, id, &ldap.SearchRequest{BaseDN: name, Filter: filter, Attributes: []string{name}})
		if err != nil {
			t.Fatalf("%q: %v", filter, err)
		}
		for _, c := range []struct{ got, want []string }{
			{values(AppendBind(nil, id, name, value)), []string{name, value}},
			{values(AppendCompare(nil, id, name, "cn", value)), []string{name, "cn", value}},
			{values(AppendExtended(nil, id, name)), []string{name}},
			{values(AppendUnbind(nil, id)), nil},
			{values(search), []string{name, "cn", value, name}},
		} {
			if strings.Join(c.got, "|") != strings.Join(c.want, "|") {
				t.Errorf("%q, want %q", c.got, c.want)
			}
		}
	})
}

// texts returns the strings in a packet, from its beginning to its end.
func texts(p *ber.Packet) (all []string) {
	if p.ClassType == ber.ClassUniversal && p.Tag == ber.TagOctetString || p.ClassType == ber.ClassContext && p.TagType == ber.TypePrimitive {
		return []string{p.Data.String()}
	}
	for _, child := range p.Children {
		all = append(all, texts(child)...)
	}
	return all
}
