package ntlmssp

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestTruncated: no part of a message is one, and with an error there is nothing
// else.
func TestTruncated(t *testing.T) {
	for form, m := range specMessages {
		for name, whole := range map[string][]byte{"challenge": unhex(t, m.challenge), "authenticate": unhex(t, m.authenticate)} {
			for n := range whole {
				c, err1 := ParseChallenge(whole[:n])
				a, err2 := ParseAuthenticate(whole[:n])
				g, err3 := ParseNegotiate(whole[:n])
				if err1 == nil || err2 == nil || err3 == nil {
					t.Errorf("%v %s: %d bytes are a message", form, name, n)
				}
				if !reflect.DeepEqual(c, Challenge{}) || !reflect.DeepEqual(a, Authenticate{}) || g != (Negotiate{}) {
					t.Errorf("%v %s, %d bytes: something with an error", form, name, n)
				}
			}
		}
	}
}

// TestFields: whatever length and offset a field claims, what is read is a part of
// the message behind its fixed part.
func TestFields(t *testing.T) {
	whole := unhex(t, specMessages[NTLMv2].authenticate)
	for _, at := range []int{authLM, authNT, authDomain, authUser, authWorkstation, authSessionKey} {
		for _, size := range []uint16{1, 2, 24, 0xfffe, 0xffff} {
			for _, offset := range []uint32{0, 8, 60, 63, 64, 72, 87, 88, uint32(len(whole)) - 2, uint32(len(whole)), 1 << 31, 0xfffffff0, 0xffffffff} {
				b := bytes.Clone(whole)
				binary.LittleEndian.PutUint16(b[at:], size)
				binary.LittleEndian.PutUint32(b[at+4:], offset)
				legal := offset >= authShortHeader && uint64(offset)+uint64(size) <= uint64(len(whole))
				_, err := ParseAuthenticate(b)
				if !legal && err == nil {
					t.Errorf("field at %d: %d bytes at %d were read", at, size, offset)
				}
			}
		}
	}
}

// TestMICHasItsPlace: bytes that belong to a field are no MIC.
func TestMICHasItsPlace(t *testing.T) {
	a := Authenticate{Flags: NegotiateUnicode, User: "bob", NTResponse: make([]byte, 24), MIC: bytes.Repeat([]byte{7}, 16)}
	message := a.Append(nil)
	got, err := ParseAuthenticate(message)
	if err != nil || !bytes.Equal(got.MIC, a.MIC) {
		t.Errorf("%v, MIC %x", err, got.MIC)
	}
	for offset := uint32(authShortHeader); offset < authHeader; offset++ {
		binary.LittleEndian.PutUint32(message[authUser+4:], offset)
		if got, err := ParseAuthenticate(message); err == nil && got.MIC != nil {
			t.Errorf("user at %d, and a MIC", offset)
		}
	}
}

func TestNegotiate(t *testing.T) {
	n := Negotiate{
		Flags:  NegotiateUnicode | NegotiateOEMDomainSupplied | NegotiateOEMWorkstationSupplied | NegotiateVersion,
		Domain: "EXAMPLE", Workstation: "PC-7", Version: Version{10, 0, 1, 2, 0, 0, 0, 15},
	}
	message := n.Append(nil)
	if got, err := ParseNegotiate(message); err != nil || got != n {
		t.Errorf("%+v, %v", got, err)
	}
	short := n
	short.Domain, short.Workstation, short.Version = "", "", Version{}
	if got, err := ParseNegotiate(message[:16]); err != nil || got != short {
		t.Errorf("sixteen bytes: %+v, %v", got, err)
	}
	binary.LittleEndian.PutUint32(message[negDomain+4:], 1<<20)
	if got, err := ParseNegotiate(message); err != nil || got.Domain != "" || got.Workstation != n.Workstation {
		t.Errorf("a name out of bounds: %+v, %v", got, err)
	}
	for _, token := range []string{"", "NTLMSSP", "NTLMSSP\x00", "NTLMSSP\x00\x01\x00\x00", "ntlmssp\x00\x01\x00\x00\x00\x00\x00\x00\x00",
		"NTLMSSP\x00\x02\x00\x00\x00\x00\x00\x00\x00", "\x60\x48\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x3e\x30\x3c\xa0\x0e"} {
		if n, err := ParseNegotiate([]byte(token)); err == nil {
			t.Errorf("%q: %+v", token, n)
		}
	}
}

func TestText(t *testing.T) {
	for _, s := range []string{"", "bob", "Jürgen Müller", "日本", "😀", "\ufffd", "K"} {
		b := appendUTF16(nil, s)
		if got, err := decodeUTF16(b); err != nil || got != s {
			t.Errorf("%q: %q, %v", s, got, err)
		}
		if got := decodeOEM([]byte(s)); got != s {
			t.Errorf("%q in UTF-8: %q", s, got)
		}
	}
	for _, b := range []string{"b", "b\x00o", "\x00\xd8", "\x00\xdc", "\x00\xd8b\x00", "\x00\xdc\x00\xd8", "b\x00\x3d\xd8"} {
		if got, err := decodeUTF16([]byte(b)); err == nil || got != "" {
			t.Errorf("%x: %q", b, got)
		}
	}
	if got := decodeOEM([]byte("J\xfcrgen \xa9")); got != "Jürgen ©" {
		t.Errorf("ISO 8859-1: %q", got)
	}
}

// TestUpper: no name becomes another one that is ASCII, and none changes its length
// in UTF-16.
func TestUpper(t *testing.T) {
	for in, want := range map[string]string{
		"bob": "BOB", "straße": "STRAßE", "müller": "MÜLLER", "ÿ": "Ÿ", "ıſK": "ıſK", "привет": "ПРИВЕТ", "𐐨": "𐐨", "ﬁ": "ﬁ",
	} {
		if got := Upper(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for r := rune(0x80); r <= 0x10ffff; r++ {
		u := upper(r)
		if u < 0x80 || (u >= 0x10000) != (r >= 0x10000) || upper(u) != u {
			t.Errorf("%U becomes %U", r, u)
		}
	}
}

func TestAVPairs(t *testing.T) {
	at := time.Date(2026, 11, 22, 4, 10, 26, 123456700, time.UTC)
	pairs := AVPairs{Name(AvNbDomainName, "EXAMPLE"), Name(AvDNSComputerName, "proxy.example.org"), Timestamp(at)}
	b := pairs.Append(nil)
	got, err := parseAVPairs(append(b, "more"...))
	if err != nil || !reflect.DeepEqual(got, pairs) {
		t.Errorf("%v, %v", got, err)
	}
	for n := range b {
		if got, err := parseAVPairs(b[:n]); err == nil || got != nil {
			t.Errorf("%d bytes: %v", n, got)
		}
	}
	if pairs.HasMIC() || !pairs.WithMIC().HasMIC() {
		t.Error("the flag of the MIC")
	}
	for v, mic := range map[string]bool{"": false, "\x02": true, "\x03\x00\x00\x00": true, "\x02\x00\x00\x00\x00": true, "\x01\x00\x00\x00": false, "\x00\x02\x00\x00": false} {
		none := AVPair{AvFlags, []byte{0, 0, 0, 0}}
		if got := (AVPairs{none, {AvFlags, []byte(v)}, none}).HasMIC(); got != mic {
			t.Errorf("flags %x: a MIC: %v", v, got)
		}
	}
	many := make(AVPairs, maxPairs+1)
	for i := range many {
		many[i].ID = AvSingleHost
	}
	if _, err := parseAVPairs(many.Append(nil)); err == nil {
		t.Error("a list without bound")
	}
	// 1601 and 1970, [MS-DTYP] section 2.3.3
	if v := FileTime(time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)); v != 0 {
		t.Error(v)
	}
	if v := FileTime(time.Unix(0, 100)); v != 116444736000000001 {
		t.Error(v)
	}
}

func TestForm(t *testing.T) {
	clientChallenge := append(bytes.Repeat([]byte{1}, 8), make([]byte, 16)...)
	ess := NegotiateExtendedSessionSecurity
	for _, c := range []struct {
		flags  Flags
		lm, nt int
		want   Form
	}{
		{0, 0, 0, NoResponse}, {0, 1, 0, NoResponse}, {0, 24, 0, LMOnly}, {ess, 24, 0, LMOnly}, {0, 2, 0, LMOnly},
		{0, 0, 24, NTLMv1}, {0, 24, 24, NTLMv1}, {ess, 24, 24, NTLM2Session}, {ess, 0, 24, NTLMv1}, {ess, 23, 24, NTLMv1},
		{0, 0, 1, NTLMv1}, {0, 0, 25, NTLMv2}, {0, 24, 200, NTLMv2}, {ess, 24, 200, NTLMv2},
	} {
		a := Authenticate{Flags: c.flags, LMResponse: clientChallenge[:min(c.lm, 24)], NTResponse: make([]byte, c.nt)}
		if got := a.Form(); got != c.want {
			t.Errorf("LM %d, NT %d, flags %x: %v, want %v", c.lm, c.nt, c.flags, got, c.want)
		}
	}
	if got := (&Authenticate{Flags: ess, LMResponse: bytes.Repeat([]byte{1}, 24), NTResponse: make([]byte, 24)}).Form(); got != NTLMv1 {
		t.Errorf("an LM response that is none: %v", got)
	}
}

func TestResponse(t *testing.T) {
	pairs := AVPairs{Name(AvNbDomainName, "EXAMPLE")}
	nt := append(bytes.Repeat([]byte{9}, 16), Blob(7, specClient, pairs)...)
	r, err := ParseResponse(nt)
	if err != nil || !reflect.DeepEqual(r.Pairs, pairs) || !bytes.Equal(r.Blob, nt[16:]) || r.Proof != Key(nt) {
		t.Errorf("%+v, %v", r, err)
	}
	for n := range len(nt) - 4 { // the last four bytes are behind the list's end
		if r, err := ParseResponse(nt[:n]); err == nil || !reflect.DeepEqual(r, Response{}) {
			t.Errorf("%d bytes: %+v", n, r)
		}
	}
	for _, at := range []int{16, 17} {
		changed := bytes.Clone(nt)
		changed[at] = 2
		if _, err := ParseResponse(changed); err == nil {
			t.Errorf("version number at %d", at)
		}
	}
}

// TestTooLong: what no field can say is left out, and the rest is a message.
func TestTooLong(t *testing.T) {
	a, err := ParseAuthenticate(Authenticate{Flags: NegotiateUnicode, User: "bob", Domain: strings.Repeat("x", 40000)}.Append(nil))
	if err != nil || a.User != "bob" || a.Domain != "" {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestKeysAreSecret: no way of printing shows a key.
func TestKeysAreSecret(t *testing.T) {
	k := NTOWFv1("secret")
	text, _ := k.MarshalText()
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%x %v %+v %#v %s %d", k, k, k, k, k, k), k.LogValue().String(), string(text)} {
		if strings.Trim(s, "* ") != "" {
			t.Errorf("a key shows as %q", s)
		}
	}
}

func TestExchanged(t *testing.T) {
	k := NTOWFv1("x")
	sealed := k.RC4(specSession)
	for _, c := range []struct {
		flags Flags
		key   []byte
		want  Key
		fails bool
	}{
		{NegotiateKeyExch, sealed[:], specSession, false},
		{0, sealed[:], k, false},
		{NegotiateKeyExch, nil, k, false},
		{NegotiateKeyExch, sealed[:15], Key{}, true},
	} {
		got, err := k.Exchanged(&Authenticate{Flags: c.flags, EncryptedRandomSessionKey: c.key})
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%x, %d bytes: %v, %v", c.flags, len(c.key), got == c.want, err)
		}
	}
}

// TestMIC: every bit of the three messages matters, but for the MIC itself.
func TestMIC(t *testing.T) {
	one, two := []byte("negotiate"), []byte("challenge")
	three := Authenticate{User: "bob", MIC: make([]byte, 16)}.Append(nil)
	want := MIC(specSession, one, two, three)
	SetMIC(three, want)
	if MIC(specSession, one, two, three) != want {
		t.Error("a MIC of its own MIC")
	}
	for _, message := range [][]byte{one, two, three} {
		for i := range message {
			message[i] ^= 0x10
			changed := MIC(specSession, one, two, three) != want
			message[i] ^= 0x10
			if inMIC := &message[0] == &three[0] && i >= authMIC && i < authHeader; changed == inMIC {
				t.Errorf("byte %d of %.9q: changed %v", i, message, changed)
			}
		}
	}
	if MIC(specSession, one, two, three[:authMIC]) != ([16]byte{}) {
		t.Error("a MIC of a message without room for one")
	}
}

// TestHMAC holds our HMAC against the library's, at lengths around those of a block
// and of the buffer.
func TestHMAC(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 63, 64, 65, 447, 448, 449, 5000} {
		message := bytes.Repeat([]byte{0xa5}, n)
		h := hmac.New(md5.New, specSession[:])
		h.Write(message)
		if got := hmacMD5(specSession, message[:n/3], message[n/3:]); !hmac.Equal(got[:], h.Sum(nil)) {
			t.Errorf("%d bytes: %x", n, [16]byte(got))
		}
	}
}
