package radius

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"squidauth/basic/radius/radiustest"
	"squidauth/protocol"
)

func hexBytes(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hashesOf(secret protocol.Secret) *hashes {
	h := new(hashes)
	h.setSecret(secret)
	return h
}

// TestRFC2865 has the examples of RFC 2865 section 7 that are PAP: a password hidden, an
// acceptance and a challenge whose Response Authenticators fit.
func TestRFC2865(t *testing.T) {
	const xyzzy = "xyzzy5461"
	for name, c := range map[string]struct {
		request, hidden, reply string
		password               protocol.Secret
		id, code               byte
	}{
		"7.1 telnet": {
			request: "0f403f9473978057bd83d5cb98f4227a", password: "arctangent",
			hidden: "0dbe708d93d413ce3196e43f782a0aee",
			reply: "02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00" +
				"0e 06 c0 a8 01 03",
			id: 0, code: accessAccept,
		},
		"7.3 challenge": {
			request: "f3a47a1f6a6d76710b947ab93041a039", password: "challenge",
			hidden: "3365757377828 9b570885e15084825c5",
			reply: "0b 02 00 4e 36 f3 c8 76 4a e8 c7 11 57 40 3c 0c 71 ff 9c 45 12 30 43 68 61 6c 6c 65 6e 67 65 20" +
				"33 32 37 36 39 34 33 30 2e 20 20 45 6e 74 65 72 20 72 65 73 70 6f 6e 73 65 20 61 74 20 70 72 6f 6d 70 74 2e" +
				"18 0a 33 32 37 36 39 34 33 30",
			id: 2, code: accessChallenge,
		},
	} {
		a := authenticator(hexBytes(t, c.request))
		h := hashesOf(xyzzy)
		if got := h.appendHidden(nil, c.password, &a); !bytes.Equal(got, hexBytes(t, c.hidden)) {
			t.Errorf("%s: hidden %x, want %s", name, got, c.hidden)
		}
		r, err := readReply(hexBytes(t, c.reply), c.id, &a, h)
		if err != nil || r.code != c.code || r.signed {
			t.Errorf("%s: reply %+v, %v", name, r, err)
		}
		a[3]++
		if _, err := readReply(hexBytes(t, c.reply), c.id, &a, h); !errors.Is(err, errForged) {
			t.Errorf("%s: the answer to another request: %v", name, err)
		}
	}
}

// TestSign compares with HMAC-MD5 (RFC 2104) over the packet as it is signed.
func TestSign(t *testing.T) {
	a := authenticator{7, 7, 7}
	packet := hexBytes(t, "02 01 00 2c 0000000000000000 0000000000000000 0103 61 5012 ffffffffffffffff ffffffffffffffff 1203 62")
	plain := slices.Clone(packet)
	copy(plain[authenticatorAt:], a[:])
	clear(plain[25:41])
	m := hmac.New(md5.New, []byte("key"))
	m.Write(plain)
	if got := hashesOf("key").sign(packet, 25, &a); !bytes.Equal(got, m.Sum(nil)) {
		t.Errorf("got %x", got)
	}
}

// TestRequest has a server read what we send: byte for byte the user and the password,
// whatever they are, behind a signature.
func TestRequest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= maxPassword; n++ {
		password := make([]byte, n)
		user := make([]byte, 1+r.IntN(maxValue))
		for _, b := range [][]byte{password, user} {
			for i := range b {
				b[i] = byte(1 + r.IntN(255))
			}
		}
		var a authenticator
		for i := range a {
			a[i] = byte(r.Uint32())
		}
		q := question{user: string(user), password: protocol.Secret(password), station: "192.0.2.7"}
		packet := appendRequest(nil, hashesOf(testSecret), byte(n), &a, q, appendNumber(nil, attrNASPort, 7))
		got, err := radiustest.ParseRequest(packet, testSecret)
		if err != nil || got.User != q.user || got.Password != string(password) || !got.Signed || got.ID != byte(n) {
			t.Fatalf("%d bytes: %q %q signed=%v %v", n, got.User, got.Password, got.Signed, err)
		}
		if hidden := len(got.Value(attrUserPassword)); hidden != (n+15)/16*16 {
			t.Errorf("%d bytes are hidden in %d", n, hidden)
		}
		if other, _ := radiustest.ParseRequest(packet, "another secret"); other.Signed || other.Password == string(password) {
			t.Errorf("%d bytes: any secret will do", n)
		}
	}
}

// TestRequestAttributes: what a server is told of the proxy.
func TestRequestAttributes(t *testing.T) {
	number := func(n uint32) *uint32 { return &n }
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for name, c := range map[string]struct {
		nas   NAS
		local netip.Addr
		want  string
	}{
		"own address":           {NAS{}, v4, "0406 c0000201"},
		"own IPv6 address":      {NAS{}, v6, "5f12 20010db8000000000000000000000001"},
		"mapped":                {NAS{}, netip.MustParseAddr("::ffff:192.0.2.1"), "0406 c0000201"},
		"identifier in place":   {NAS{Identifier: "squid"}, v4, "2007 7371756964"},
		"identifier, address":   {NAS{Identifier: "squid", Address: v4}, v6, "0406 c0000201 2007 7371756964"},
		"as basic_radius_auth":  {NAS{Port: number(111), PortType: number(0)}, v4, "0406 c0000201 0506 0000006f 3d06 00000000"},
		"all numbers":           {NAS{Port: number(1), PortType: number(5), ServiceType: number(8)}, v4, "0406 c0000201 0506 00000001 3d06 00000005 0606 00000008"},
		"no address to be had":  {NAS{}, netip.Addr{}, ""},
		"longest identifier":    {NAS{Identifier: strings.Repeat("x", maxValue)}, v4, "20ff" + strings.Repeat("78", maxValue)},
		"another's IPv6 as own": {NAS{Address: v6}, v4, "5f12 20010db8000000000000000000000001"},
	} {
		if got := c.nas.append(nil, c.local); !bytes.Equal(got, hexBytes(t, c.want)) {
			t.Errorf("%s: %x, want %s", name, got, c.want)
		}
	}
}

// exchange is a request and its signed acceptance.
func exchange(t testing.TB) (radiustest.Request, authenticator) {
	t.Helper()
	a := authenticator{1, 2, 3, 4, 5, 6, 7, 8, 9}
	packet := appendRequest(nil, hashesOf(testSecret), 77, &a, question{user: "alice", password: "x"}, nil)
	q, err := radiustest.ParseRequest(packet, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	return q, a
}

// TestReply: which answers count, and as what.
func TestReply(t *testing.T) {
	q, a := exchange(t)
	other := q
	other.ID++
	sign, text, state := radiustest.Signed(), radiustest.Text(attrReplyMessage, "hello"), radiustest.Text(attrProxyState, "x")
	zero := radiustest.Attribute{Type: attrMessageAuthenticator, Value: make([]byte, 16)}
	sealed := func(change func(p []byte) []byte, attributes ...radiustest.Attribute) []byte {
		return q.Seal(change(q.Reply(accessAccept, attributes...)))
	}
	long := q.Reply(accessAccept, append(slices.Repeat([]radiustest.Attribute{radiustest.Text(attrReplyMessage, strings.Repeat("x", 251))}, 17), sign)...)
	for name, c := range map[string]struct {
		datagram []byte
		want     error
		signed   bool
	}{
		"signed":                   {q.Reply(accessAccept, sign), nil, true},
		"signed at the end":        {q.Reply(accessReject, text, sign), nil, true},
		"signed, Proxy-State":      {q.Reply(accessAccept, sign, state), nil, true},
		"challenge":                {q.Reply(accessChallenge, sign, text), nil, true},
		"unsigned":                 {q.Reply(accessAccept), nil, false},
		"unsigned, with text":      {q.Reply(accessAccept, text), nil, false},
		"unsigned, Proxy-State":    {q.Reply(accessAccept, state), errForged, false},
		"padded":                   {append(q.Reply(accessAccept, sign), 0, 1, 2, 3), nil, true},
		"two signatures":           {q.Reply(accessAccept, zero, sign), errForged, false},
		"wrong signature":          {q.Reply(accessAccept, zero), errForged, false},
		"short signature":          {q.Reply(accessAccept, radiustest.Text(attrMessageAuthenticator, "short")), errForged, false},
		"for another request":      {other.Reply(accessAccept, sign), errStray, false},
		"a request":                {q.Reply(accessRequest, sign), errStray, false},
		"accounting":               {q.Reply(5, sign), errStray, false},
		"our own request":          {q.Packet, errStray, false},
		"empty":                    {nil, errStray, false},
		"header cut":               {q.Reply(accessAccept, sign)[:19], errStray, false},
		"cut":                      {q.Reply(accessAccept, sign)[:37], errStray, false},
		"over-long":                {long, errStray, false},
		"length under the header":  {sealed(func(p []byte) []byte { p[3] = 19; return p }), errStray, false},
		"attribute of one byte":    {sealed(func(p []byte) []byte { p[3]++; return append(p, 1) }), errMalformed, false},
		"attribute of length 0":    {sealed(func(p []byte) []byte { p[3] += 2; return append(p, 1, 0) }), errMalformed, false},
		"attribute of length 1":    {sealed(func(p []byte) []byte { p[3] += 2; return append(p, 1, 1) }), errMalformed, false},
		"attribute beyond the end": {sealed(func(p []byte) []byte { p[3] += 2; return append(p, 1, 3) }), errMalformed, false},
	} {
		r, err := readReply(c.datagram, q.ID, &a, hashesOf(testSecret))
		if !errors.Is(err, c.want) || r.signed != c.signed || c.want != nil && r.code != 0 {
			t.Errorf("%s: code %d, signed %v, %v, want %v", name, r.code, r.signed, err, c.want)
		}
	}
	if _, err := readReply(q.Reply(accessAccept, sign), q.ID, &a, hashesOf("another secret")); !errors.Is(err, errForged) {
		t.Errorf("another secret: %v", err)
	}
}

// TestReplyTampered: no bit of an answer can be changed, and none of a refusal so that
// it becomes an acceptance.
func TestReplyTampered(t *testing.T) {
	q, a := exchange(t)
	h := hashesOf(testSecret)
	for _, code := range []byte{accessAccept, accessReject, accessChallenge} {
		packet := q.Reply(code, radiustest.Signed(), radiustest.Text(attrReplyMessage, "hello"))
		for bit := range 8 * len(packet) {
			changed := slices.Clone(packet)
			changed[bit/8] ^= 1 << (bit % 8)
			if r, err := readReply(changed, q.ID, &a, h); err == nil {
				t.Errorf("code %d, bit %d: %+v", code, bit, r)
			}
			// Somebody who can forge the Response Authenticator cannot sign.
			if r, err := readReply(q.Seal(slices.Clone(changed)), q.ID, &a, h); err == nil && r.signed && r.code != code {
				t.Errorf("code %d, bit %d, sealed: %+v", code, bit, r)
			}
		}
	}
}

// FuzzReply compares with a reader that is written straight from the RFCs.
func FuzzReply(f *testing.F) {
	q, a := exchange(f)
	f.Add(q.Reply(accessAccept, radiustest.Signed()), false)
	f.Add(q.Reply(accessReject, radiustest.Text(attrReplyMessage, "no"), radiustest.Signed()), false)
	f.Add(q.Reply(accessAccept), true)
	f.Add(q.Reply(accessAccept, radiustest.Text(attrProxyState, "x")), true)
	f.Add(append(q.Reply(accessChallenge, radiustest.Signed()), 1, 2, 3), false)
	f.Add([]byte{2, 77, 0, 22, 20: 1, 21: 1}, true)
	f.Fuzz(func(t *testing.T, datagram []byte, seal bool) {
		if seal && len(datagram) >= headerSize {
			datagram = q.Seal(slices.Clone(datagram))
		}
		before := slices.Clone(datagram)
		r, err := readReply(datagram, q.ID, &a, hashesOf(testSecret))
		if !bytes.Equal(before, datagram) {
			t.Fatal("the datagram was changed")
		}
		want := plainReader(datagram, q.ID, a)
		if (err == nil) != want.ok || err == nil && (r.code != want.code || r.signed != want.signed) {
			t.Fatalf("got %+v, %v, want %+v", r, err, want)
		}
		if err != nil && (r.code != 0 || r.signed) {
			t.Fatalf("%v, and yet %+v", err, r)
		}
		if message := messageOf(r); len(message) > maxMessage || strings.ContainsAny(message, "\n\r\x00") {
			t.Fatalf("message %q", message)
		}
	})
}

type plainReply struct {
	ok, signed bool
	code       byte
}

// plainReader is slow and simple.
func plainReader(d []byte, id byte, a authenticator) plainReply {
	if len(d) < 20 || d[1] != id || d[0] != 2 && d[0] != 3 && d[0] != 11 {
		return plainReply{}
	}
	n := int(d[2])<<8 + int(d[3])
	if n < 20 || n > 4096 || n > len(d) {
		return plainReply{}
	}
	p := slices.Clone(d[:n])
	copy(p[4:20], a[:])
	if sum := md5.Sum(append(slices.Clone(p), testSecret...)); !bytes.Equal(sum[:], d[4:20]) {
		return plainReply{}
	}
	var signatures, states []int
	for i := 20; i < n; i += int(p[i+1]) {
		if i+2 > n || p[i+1] < 2 || i+int(p[i+1]) > n {
			return plainReply{}
		}
		switch p[i] {
		case 80:
			signatures = append(signatures, i)
		case 33:
			states = append(states, i)
		}
	}
	if len(signatures) == 0 {
		return plainReply{ok: len(states) == 0, code: d[0]}
	}
	at := signatures[0]
	if len(signatures) > 1 || p[at+1] != 18 {
		return plainReply{}
	}
	sent := slices.Clone(p[at+2 : at+18])
	clear(p[at+2 : at+18])
	m := hmac.New(md5.New, []byte(testSecret))
	m.Write(p)
	ok := bytes.Equal(m.Sum(nil), sent)
	return plainReply{ok: ok, signed: ok, code: d[0]}
}
