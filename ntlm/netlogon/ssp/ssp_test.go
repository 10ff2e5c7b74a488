package ssp

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"squidauth/ntlm/ntlmssp"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestCFB8 has the vectors of SP 800-38A sections F.3.7 and F.3.8, in one piece and
// byte by byte.
func TestCFB8(t *testing.T) {
	block, err := aes.NewCipher(unhex(t, "2b7e151628aed2a6abf7158809cf4f3c"))
	if err != nil {
		t.Fatal(err)
	}
	iv := [16]byte(unhex(t, "000102030405060708090a0b0c0d0e0f"))
	plain := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d")
	cipher := unhex(t, "3b79424c9c0dd436bace9e0ed4586a4f32b9")
	for _, step := range []int{1, 5, len(plain)} {
		in, out := bytes.Clone(plain), bytes.Clone(cipher)
		enc, dec := newCFB8(block, iv), newCFB8(block, iv)
		for at := 0; at < len(plain); at += step {
			end := min(at+step, len(plain))
			enc.encrypt(in[at:end])
			dec.decrypt(out[at:end])
		}
		if !bytes.Equal(in, cipher) || !bytes.Equal(out, plain) {
			t.Errorf("in steps of %d: %x, %x", step, in, out)
		}
	}
}

// recording returns what a domain controller sent, by name.
func recording(tb testing.TB) map[string][]byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/samba-4.17.txt")
	if err != nil {
		tb.Fatal(err)
	}
	all := map[string][]byte{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			all[name] = unhex(tb, value)
		}
	}
	return all
}

// recordedKey is the session key of the recording.
func recordedKey(r map[string][]byte) ntlmssp.Key {
	return SessionKey(ntlmssp.Key(r["nthash"]), Challenge(r["client"]), Challenge(r["server"]))
}

// split takes parameters and signature out of a response PDU.
func split(pdu []byte) (data, signature []byte) {
	const header, trailer = 24, 8
	end := len(pdu) - SignatureSize
	return bytes.Clone(pdu[header : end-trailer]), pdu[end:]
}

// TestRecording has another implementation's key, credential and seals.
func TestRecording(t *testing.T) {
	r := recording(t)
	key := recordedKey(r)
	if got := CredentialOf(key, Challenge(r["server"])); !got.Equal(Credential(r["credential"])) {
		t.Fatalf("the credential is %x", got)
	}
	c := Initiate(key, Names{})
	for _, name := range []string{"wrong-password", "success"} {
		c.Seal(nil) // the request
		data, signature := split(r[name])
		if err := c.Unseal(data, signature); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if level := data[0]; level != 6 {
			t.Errorf("%s: % x", name, data)
		}
	}
}

// TestReplay: each answer is good in its place and in no other, on no other
// connection.
func TestReplay(t *testing.T) {
	r := recording(t)
	key := recordedKey(r)
	for _, c := range []struct {
		name string
		key  ntlmssp.Key
		seen []string // answers that came before
		next string
	}{
		{"twice", key, []string{"wrong-password"}, "wrong-password"},
		{"out of order", key, nil, "success"},
		{"with another key", SessionKey(ntlmssp.Key(r["nthash"]), Challenge(r["client"]), Challenge(r["client"])), nil, "wrong-password"},
	} {
		ctx := Initiate(c.key, Names{})
		for _, name := range c.seen {
			ctx.Seal(nil)
			data, signature := split(r[name])
			if err := ctx.Unseal(data, signature); err != nil {
				t.Fatal(err)
			}
		}
		ctx.Seal(nil)
		data, signature := split(r[c.next])
		if ctx.Unseal(data, signature) == nil {
			t.Errorf("%s: unsealed", c.name)
		}
	}
}

// TestChanged changes every bit of an answer that says something.
func TestChanged(t *testing.T) {
	r := recording(t)
	key := recordedKey(r)
	data, signature := split(r["wrong-password"])
	for bit := range 8 * (len(data) + reservedAt) {
		d, s := bytes.Clone(data), bytes.Clone(signature)
		if at := bit / 8; at < len(d) {
			d[at] ^= 1 << (bit % 8)
		} else {
			s[at-len(d)] ^= 1 << (bit % 8)
		}
		c := Initiate(key, Names{})
		c.Seal(nil)
		if c.Unseal(d, s) == nil {
			t.Errorf("bit %d", bit)
		}
	}
	for n := range SignatureSize {
		c := Initiate(key, Names{})
		c.Seal(nil)
		if c.Unseal(bytes.Clone(data), signature[:n]) == nil {
			t.Errorf("%d bytes of signature", n)
		}
	}
}

// TestBothSides: what one side seals the other unseals, and not the side itself.
func TestBothSides(t *testing.T) {
	key := ntlmssp.Key{1, 2, 3}
	initiator, acceptor := Initiate(key, Names{}), Accept(key)
	for n := range 40 {
		from, to := initiator, acceptor
		if n%3 == 0 { // an answer in two parts, now and then
			from, to = acceptor, initiator
		}
		plain := bytes.Repeat([]byte{byte(n)}, n)
		data := bytes.Clone(plain)
		signature := from.Seal(data)
		if n > 8 && bytes.Equal(data, plain) {
			t.Fatal("not encrypted")
		}
		if err := to.Unseal(data, signature); err != nil || !bytes.Equal(data, plain) {
			t.Fatalf("message %d: %x, %v", n, data, err)
		}
	}
	data := []byte("a request")
	if signature := initiator.Seal(data); initiator.Unseal(data, signature) == nil {
		t.Error("a request was taken for an answer")
	}
}

// TestSequenceNumber: [MS-NRPC] section 3.3.4.2.1, step 5, also beyond 32 bits.
func TestSequenceNumber(t *testing.T) {
	c := Initiate(ntlmssp.Key{}, Names{})
	for _, n := range []struct {
		sequence     uint64
		fromAcceptor bool
		want         string
	}{
		{0, false, "0000000080000000"},
		{1, true, "0000000100000000"},
		{0x01020304, false, "0102030480000000"},
		{0x5_01020304, true, "0102030400000005"},
	} {
		c.sequence = n.sequence
		if got := c.next(n.fromAcceptor); hex.EncodeToString(got[:]) != n.want || c.sequence != n.sequence+1 {
			t.Errorf("%#x: %x", n.sequence, got)
		}
	}
}

func TestWeak(t *testing.T) {
	for want, list := range map[bool][]Challenge{
		true:  {{}, {7, 7, 7, 7, 7, 1, 2, 3}},
		false: {{0, 0, 0, 0, 1}, {1}, {1, 2, 3, 4, 5, 6, 7, 8}},
	} {
		for _, c := range list {
			if c.Weak() != want {
				t.Errorf("% x: %v", c, !want)
			}
		}
	}
}

func TestToken(t *testing.T) {
	c := Initiate(ntlmssp.Key{}, Names{Domain: "EXAMPLE", Computer: "PROXY"})
	if got := string(c.Token()); got != "\x00\x00\x00\x00\x03\x00\x00\x00EXAMPLE\x00PROXY\x00" {
		t.Errorf("%q", got)
	}
	for token, ok := range map[string]bool{
		"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x6c\x00": true, // Samba's
		"\x01\x00\x00\x00\x00\x00\x00":                     false,
		"\x00\x00\x00\x00\x03\x00\x00\x00EXAMPLE\x00P\x00": false,
		"": false,
	} {
		if err := c.Established([]byte(token)); (err == nil) != ok {
			t.Errorf("%q: %v", token, err)
		}
	}
}

// FuzzUnseal checks that nothing is unsealed that was not sealed.
func FuzzUnseal(f *testing.F) {
	r := recording(f)
	key := recordedKey(r)
	good, goodSignature := split(r["wrong-password"])
	f.Add(good, goodSignature)
	f.Add([]byte{}, []byte{})
	other, otherSignature := split(r["success"])
	f.Add(other, otherSignature)
	f.Fuzz(func(t *testing.T, data, signature []byte) {
		c := Initiate(key, Names{})
		c.Seal(nil)
		same := bytes.Equal(data, good) && len(signature) == SignatureSize && bytes.Equal(signature[:reservedAt], goodSignature[:reservedAt])
		if err := c.Unseal(data, signature); (err == nil) != same {
			t.Fatalf("%v", err)
		}
	})
}

// TestResembles: credentials begin alike as far as the challenges do, and differ in the
// byte after that as those do.
func TestResembles(t *testing.T) {
	a := Challenge{1, 2, 3, 4, 5, 6, 7, 8}
	key := ntlmssp.Key{9}
	for same := range 8 {
		b := a
		b[same] ^= 1
		if got := b.Resembles(a); got != (same >= 3) {
			t.Errorf("%d bytes the same: %v", same, got)
		}
		x, y := CredentialOf(key, a), CredentialOf(key, b)
		y[same] ^= 1
		if [8]byte(x) == [8]byte(y) != (same == 7) || string(x[:same+1]) != string(y[:same+1]) {
			t.Errorf("%d bytes the same: %x and %x", same, x, y)
		}
	}
}
