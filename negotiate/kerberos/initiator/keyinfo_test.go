package initiator

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// TestStringToKey has the vectors of RFC 3962 appendix B, RFC 8009 appendix A and RFC
// 4757 section 2, most of which have fewer iterations than are accepted of a KDC.
func TestStringToKey(t *testing.T) {
	const saltSHA2 = "\x10\xdf\x9d\xd7\x83\xe5\xbc\x8a\xce\xa1\x73\x0e\x74\x35\x5f\x61ATHENA.MIT.EDUraeburn"
	for _, c := range []struct {
		etype          int32
		n              int
		password, salt string
		want           string
	}{
		{etypeID.AES128_CTS_HMAC_SHA1_96, 1, "password", "ATHENA.MIT.EDUraeburn", "42263c6e89f4fc28b8df68ee09799f15"},
		{etypeID.AES256_CTS_HMAC_SHA1_96, 1, "password", "ATHENA.MIT.EDUraeburn", "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161"},
		{etypeID.AES128_CTS_HMAC_SHA1_96, 2, "password", "ATHENA.MIT.EDUraeburn", "c651bf29e2300ac27fa469d693bdda13"},
		{etypeID.AES256_CTS_HMAC_SHA1_96, 2, "password", "ATHENA.MIT.EDUraeburn", "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff"},
		{etypeID.AES128_CTS_HMAC_SHA1_96, 1200, "password", "ATHENA.MIT.EDUraeburn", "4c01cd46d632d01e6dbe230a01ed642a"},
		{etypeID.AES256_CTS_HMAC_SHA1_96, 1200, "password", "ATHENA.MIT.EDUraeburn", "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a"},
		{etypeID.AES128_CTS_HMAC_SHA1_96, 1200, strings.Repeat("X", 64), "pass phrase equals block size", "59d1bb789a828b1aa54ef9c2883f69ed"},
		{etypeID.AES256_CTS_HMAC_SHA1_96, 1200, strings.Repeat("X", 64), "pass phrase equals block size", "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34"},
		{etypeID.AES128_CTS_HMAC_SHA1_96, 1200, strings.Repeat("X", 65), "pass phrase exceeds block size", "cb8005dc5f90179a7f02104c0018751d"},
		{etypeID.AES256_CTS_HMAC_SHA1_96, 1200, strings.Repeat("X", 65), "pass phrase exceeds block size", "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b"},
		{etypeID.AES128_CTS_HMAC_SHA1_96, 50, "\U0001d11e", "EXAMPLE.COMpianist", "f149c1f2e154a73452d43e7fe62a56e5"},
		{etypeID.AES256_CTS_HMAC_SHA1_96, 50, "\U0001d11e", "EXAMPLE.COMpianist", "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e"},
		{etypeID.AES128_CTS_HMAC_SHA256_128, 32768, "password", saltSHA2, "089bca48b105ea6ea77ca5d2f39dc5e7"},
		{etypeID.AES256_CTS_HMAC_SHA384_192, 32768, "password", saltSHA2, "45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467"},
		{etypeID.RC4_HMAC, 0, "foo", "", "ac8e657f83df82beea5d43bdaf7800cc"},
	} {
		key, err := KeyInfo{etype: c.etype, salt: c.salt}.derive(c.password, c.n)
		if got := hex.EncodeToString(key); err != nil || got != c.want {
			t.Errorf("%s, %d times, %q: got %s, %v, want %s", EnctypeName(c.etype), c.n, c.password, got, err, c.want)
		}
	}
}

// TestDefaultKeyInfo has salts of RFC 4120 section 4.
func TestDefaultKeyInfo(t *testing.T) {
	for name, want := range map[string]string{"raeburn": "ATHENA.MIT.EDUraeburn", "host/a.b": "ATHENA.MIT.EDUhosta.b"} {
		p, err := ParsePrincipal(name, "ATHENA.MIT.EDU")
		if got := DefaultKeyInfo(p, 18).salt; err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// FuzzMethodData reads what a KDC demands: nothing makes it panic, and no key costs more
// than it may.
func FuzzMethodData(f *testing.F) {
	seed := encode(sequence(
		paData{paETypeInfo2, encode(sequence(
			sequence(field(0, integer(23))),
			sequence(field(0, integer(18)), field(1, general("salt")), field(2, octets([]byte{0, 0, 0x10, 0})))))}.element(),
		paData{paEncTimestamp, nil}.element(),
		paData{paPWSalt, make([]byte, 12)}.element()))
	client := Principal{Name: []string{"alice"}, Realm: "EXAMPLE.ORG"}
	if info, ok := (&KDCError{data: seed}).KeyInfo(client, Enctypes(false)); !ok || info != (KeyInfo{18, "salt", "\x00\x00\x10\x00"}) {
		f.Fatalf("the seed is read as %+v, %v", info, ok)
	}
	f.Add(seed)
	f.Add(encode(paData{paPWSalt, []byte("\x34\x02\x00\xc0\x00\x00\x00\x00\x01\x00\x00\x00")}.element()))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := &KDCError{data: data}
		e.Status()
		info, ok := e.KeyInfo(client, Enctypes(true))
		if !ok {
			return
		}
		if n, err := info.iterations(); err == nil && (n < iterationsSHA1 || n > maxIterations) {
			t.Errorf("%d iterations", n)
		}
		if !slices.Contains(Enctypes(true), info.etype) {
			t.Errorf("a key of %s", EnctypeName(info.etype))
		}
	})
}
