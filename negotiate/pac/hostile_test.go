package pac

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"squidauth/negotiate/pac/pactest"
)

// samples are the vectors, and built ones with a bit of everything.
func samples(tb testing.TB) []vector {
	list := loadVectors(tb)
	for _, key := range keys {
		spec := bigSpec(2)
		spec.Key = key
		list = append(list, vector{name: "built", key: key, client: spec.Client, authtime: spec.AuthTime, pac: pactest.Build(spec)})
	}
	return list
}

// TestTruncated cuts every sample everywhere.
func TestTruncated(t *testing.T) {
	for _, v := range samples(t) {
		for n := range len(v.pac) {
			p, err := Parse(v.pac[:n:n])
			if err != nil {
				continue
			}
			p.SIDs()
			if p.VerifyServerSignature(v.key) == nil {
				t.Fatalf("%s: verified with %d of %d bytes", v.name, n, len(v.pac))
			}
		}
	}
}

// TestChanged changes every byte of every sample. What the KDC's signature says
// is all that the server's does not cover.
func TestChanged(t *testing.T) {
	for _, v := range samples(t) {
		whole := parse(t, v.pac)
		free := span{whole.kdc.from + 4, whole.kdc.to}
		for i := range v.pac {
			for _, change := range []byte{1, 0x80, 0xff} {
				data := bytes.Clone(v.pac)
				data[i] ^= change
				p, err := Parse(data)
				if err != nil {
					continue
				}
				p.SIDs()
				uncovered := i >= free.from && i < free.to && v.key.KeyType != 0
				if err := p.VerifyServerSignature(v.key); uncovered != (err == nil) {
					t.Fatalf("%s: byte %d changed by %#x: %v", v.name, i, change, err)
				}
			}
		}
	}
}

// TestDirectory is about PACs that Parse refuses.
func TestDirectory(t *testing.T) {
	header := func(n, version uint32, entries ...uint64) []byte { // type and size, offset
		b := binary.LittleEndian.AppendUint32(nil, n)
		b = binary.LittleEndian.AppendUint32(b, version)
		for _, e := range entries {
			b = binary.LittleEndian.AppendUint64(b, e)
		}
		return append(b, make([]byte, 16)...)
	}
	const unknown = 99
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, errTruncated},
		{"seven bytes", make([]byte, 7), errTruncated},
		{"no buffers", make([]byte, 8), nil},
		{"too long", make([]byte, MaxSize+1), errTooLong},
		{"as long as can be", make([]byte, MaxSize), nil},
		{"version 1", header(0, 1), errVersion},
		{"MIT's fuzz1", unhex(t, "000000100000000006ffffff0000f5"), errTruncated},
		{"MIT's fuzz2", unhex(t, "00000020000000002020"), errTruncated},
		{"64 GB of buffers", header(0xffffffff, 0), errTruncated},
		{"more buffers than there are", header(3, 0, unknown, 24), errTruncated},
		{"a buffer", header(1, 0, unknown|16<<32, 24), nil},
		{"an empty one at the end", header(1, 0, unknown, 40), nil},
		{"behind the end", header(1, 0, unknown, 48), errOffset},
		{"in the header", header(1, 0, unknown|8<<32, 16), errOffset},
		{"not aligned", header(1, 0, unknown|8<<32, 28), errOffset},
		{"too big", header(1, 0, unknown|17<<32, 24), errOffset},
		{"4 GB", header(1, 0, unknown|0xffffffff<<32, 24), errOffset},
		{"sum beyond 32 bits", header(1, 0, unknown|16<<32, 0xfffffff8), errOffset},
		{"sum beyond 64 bits", header(1, 0, unknown|24<<32, 0xfffffffffffffff8), errOffset},
		{"unknown one twice", header(2, 0, unknown, 40, unknown, 40), nil},
		{"known one twice", header(2, 0, typeClientInfo, 40, typeClientInfo, 40), errTwice},
		{"claims twice", header(2, 0, typeClientClaims, 40, typeClientClaims, 40), errTwice},
	} {
		p, err := Parse(c.data)
		if err != c.want || (p == nil) != (err != nil) {
			t.Errorf("%s: got %v, %v", c.name, p, err)
		}
	}
}

// TestMalformedLogon breaks single values of a LOGON_INFO: it is left out and
// reported, the rest of the PAC is read.
func TestMalformedLogon(t *testing.T) {
	good := parse(t, pactest.Build(pactest.Spec{Logon: &pactest.Logon{Name: "bob", DomainSID: domain, UserID: 1, Groups: []uint32{5, 6},
		ExtraSIDs: []string{foreign}, ResourceDomain: foreign, ResourceGroups: []uint32{7}}}))
	at := strings.Index(good.raw, "\x01\x10\x08\x00\xcc")
	info := good.raw[at:]
	sid := strings.Index(info, string(mustSID(t, domain).Binary()))
	resource := strings.LastIndex(info, string(mustSID(t, foreign).Binary()))
	for _, c := range []struct {
		name   string
		offset int
		value  string
		want   error
	}{
		{"nothing", 0, "\x01", nil},
		{"version", 0, "\x02", errHeader},
		{"big-endian", 1, "\x00", errHeader},
		{"header length", 2, "\x10", errHeader},
		{"length", 8, "\xff\xff\xff\xff", errShort},
		{"length too small", 8, "\x80\x00\x00\x00", errShort},
		{"null", 16, "\x00\x00\x00\x00", errNull},
		{"string longer than its place", 68, "\x0e", errString},
		{"string's place smaller", 70, "\x04", errString},
		{"null string with a length", 72, "\x00\x00\x00\x00", errString},
		{"string's size", 236, "\x02", errString},
		{"string's offset", 240, "\x01", errString},
		{"string's count", 244, "\x02", errString},
		{"group count", 128, "\x03", errCount},
		{"SID count", sid - 4, "\x05", errSIDSize},
		{"SID revision", sid, "\x02", errSID},
		{"subauthorities", sid + 1, "\x10", errSID},
		{"null domain", 172, "\x00\x00\x00\x00", errCount},
		{"resource domain's count", resource - 4, "\x03", errSIDSize},
		{"many extra SIDs", 216, "\xff\xff\xff\x7f", errCount},
	} {
		data := []byte(info[:c.offset] + c.value + info[c.offset+len(c.value):])
		p := parse(t, pactest.Build(pactest.Spec{Client: "bob", Buffers: []pactest.Buffer{{Type: typeLogonInfo, Data: data}}}))
		if !errors.Is(p.Malformed, c.want) || (p.Logon == nil) != (c.want != nil) || p.Client == nil {
			t.Errorf("%s: got %v, logon %v, client %v", c.name, p.Malformed, p.Logon, p.Client)
		}
	}
}

// TestFullDomain has a domain with no room for a relative ID.
func TestFullDomain(t *testing.T) {
	full := "S-1-5" + strings.Repeat("-1", 15)
	for _, logon := range []pactest.Logon{
		{DomainSID: full, Groups: []uint32{1}},
		{ResourceDomain: full, ResourceGroups: []uint32{1}},
		{Groups: []uint32{1}},
		{ResourceGroups: []uint32{1}},
	} {
		p := parse(t, pactest.Build(pactest.Spec{Logon: &logon}))
		if p.Logon != nil || !errors.Is(p.Malformed, errNoDomain) || p.SIDs() != nil {
			t.Errorf("%+v: got %v, %v", logon, p.Logon, p.Malformed)
		}
	}
	p := parse(t, pactest.Build(pactest.Spec{Logon: &pactest.Logon{DomainSID: full, UserID: 1, PrimaryGroup: 1}}))
	if p.Logon == nil || !p.Logon.UserSID.IsZero() || !p.Logon.PrimaryGroup.IsZero() {
		t.Errorf("got %+v, %v", p.Logon, p.Malformed)
	}
}

// TestHugeArrays has counts whose sizes wrap around in 32 bits.
func TestHugeArrays(t *testing.T) {
	for _, count := range []uint32{0x20000000, 0x20000001, 0x80000000, 0xffffffff} {
		c := cursor{data: string(binary.LittleEndian.AppendUint32(nil, count)) + "12345678"}
		if array := c.array(true, count, 8); c.err != errShort || array.left() != 0 {
			t.Errorf("%#x: %d bytes, %v", count, array.left(), c.err)
		}
	}
}

// TestMalformedTwice has two faults, on one line.
func TestMalformedTwice(t *testing.T) {
	p := parse(t, pactest.Build(pactest.Spec{Buffers: []pactest.Buffer{{Type: typeRequestor}, {Type: typeLogonInfo}}}))
	if got := p.Malformed.Error(); got != "pac: LOGON_INFO: too short; pac: REQUESTOR: too short" || !errors.Is(p.Malformed, errShort) {
		t.Errorf("got %s", got)
	}
}

// TestMalformedOthers breaks the small buffers.
func TestMalformedOthers(t *testing.T) {
	text := func(s string) string { return strings.Join(strings.SplitAfter(s, ""), "\x00") + "\x00" }
	for _, c := range []struct {
		name string
		kind uint32
		data string
		want error
	}{
		{"client", typeClientInfo, "12345678\x02\x00a\x00", nil},
		{"client and more", typeClientInfo, "12345678\x02\x00a\x00more", nil},
		{"client without a name", typeClientInfo, "12345678\x00\x00", nil},
		{"client, short", typeClientInfo, "12345678\x04\x00a\x00", errShort},
		{"client, no length", typeClientInfo, "12345678\x02", errShort},
		{"client, odd", typeClientInfo, "12345678\x01\x00a", errUneven},
		{"client, half a pair", typeClientInfo, "12345678\x04\x00\x3d\xd8a\x00", errClientName},
		{"client, half a pair at the end", typeClientInfo, "12345678\x02\x00\x3d\xd8", errClientName},
		{"UPN", typeUPNInfo, "\x02\x00\x0c\x00\x02\x00\x0c\x00\x00\x00\x00\x00a\x00", nil},
		{"UPN, no flags", typeUPNInfo, "\x02\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00", errShort},
		{"UPN outside", typeUPNInfo, "\x02\x00\x0d\x00\x02\x00\x0c\x00\x00\x00\x00\x00a\x00", errShort},
		{"UPN, far outside", typeUPNInfo, "\xfe\xff\xff\xff\x02\x00\x0c\x00\x00\x00\x00\x00a\x00", errShort},
		{"UPN, odd", typeUPNInfo, "\x01\x00\x0c\x00\x02\x00\x0c\x00\x00\x00\x00\x00a\x00", errUneven},
		{"UPN, extension short", typeUPNInfo, "\x00\x00\x0c\x00\x00\x00\x0c\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00", errShort},
		{"UPN, no SID", typeUPNInfo, "\x00\x00\x0c\x00\x00\x00\x0c\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", errShort},
		{"UPN, SID cut", typeUPNInfo, "\x00\x00\x0c\x00\x00\x00\x0c\x00\x02\x00\x00\x00\x00\x00\x00\x00\x08\x00\x14\x00\x01\x01" + text("\x00\x05\x09") + "\x00\x00", errShort},
		{"attributes", typeAttributes, "\x02\x00\x00\x00\x01\x00\x00\x00", nil},
		{"attributes, long", typeAttributes, "\x40\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00", nil},
		{"attributes, short", typeAttributes, "\x02\x00\x00\x00\x01\x00\x00", errShort},
		{"requestor", typeRequestor, "\x01\x00\x00\x00\x00\x00\x00\x05", nil},
		{"requestor, short", typeRequestor, "\x01\x01\x00\x00\x00\x00\x00\x05", errShort},
		{"requestor, empty", typeRequestor, "", errShort},
		{"LOGON_INFO, empty", typeLogonInfo, "", errShort},
	} {
		spec := pactest.Spec{Buffers: []pactest.Buffer{{Type: c.kind, Data: []byte(c.data)}}}
		p := parse(t, pactest.Build(spec))
		if !errors.Is(p.Malformed, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, p.Malformed, c.want)
		}
		if c.want != nil && (p.Client != nil || p.UPN != nil || p.Logon != nil || p.Attributes != 0 || !p.Requestor.IsZero()) {
			t.Errorf("%s: %v, and yet %s", c.name, p.Malformed, describe("", p))
		}
	}
}
