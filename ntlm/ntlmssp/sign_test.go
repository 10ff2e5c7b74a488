package ntlmssp

import (
	"crypto/rc4"
	"encoding/hex"
	"testing"

	bodgit "github.com/bodgit/ntlmssp"
)

// TestSignVector is [MS-NLMP] section 4.2.4.4. There the message is sealed before it is
// signed, so that the checksum takes other bytes of the key stream.
func TestSignVector(t *testing.T) {
	const f = NegotiateSign | NegotiateExtendedSessionSecurity | NegotiateKeyExch | Negotiate128
	if got := hex.EncodeToString(keyBytes(specSession.derive(signMagic[ClientSide], 16))); got != "4788dc861b4782f35d43fd98fe1a2d39" {
		t.Errorf("signing key %s", got)
	}
	seal := specSession.derive(sealMagic[ClientSide], 16)
	if got := hex.EncodeToString(keyBytes(seal)); got != "59f600973cc4960a25480a7c196e4c58" {
		t.Errorf("sealing key %s", got)
	}
	message := appendUTF16(nil, "Plaintext")
	got, err := specSession.FirstSignature(ClientSide, f, message)
	if err != nil {
		t.Fatal(err)
	}
	stream := make([]byte, len(message)+8)
	c, err := rc4.NewCipher(seal[:])
	if err != nil {
		t.Fatal(err)
	}
	c.XORKeyStream(stream, stream)
	for i := range 8 {
		got[4+i] ^= stream[i] ^ stream[len(message)+i]
	}
	if s := hex.EncodeToString(got[:]); s != "010000007fb38ec5c55d497600000000" {
		t.Errorf("signature %s", s)
	}
}

func keyBytes(k Key) []byte { return k[:] }

// TestSignForeign holds our signatures against another implementation's, for the flags
// on which the keys depend.
func TestSignForeign(t *testing.T) {
	const always = NegotiateUnicode | NegotiateNTLM | NegotiateTargetInfo | RequestTarget | NegotiateSign | NegotiateAlwaysSign | NegotiateExtendedSessionSecurity
	for _, flags := range []Flags{0, NegotiateKeyExch, Negotiate128, Negotiate56, Negotiate128 | NegotiateKeyExch, Negotiate56 | NegotiateKeyExch} {
		client, err := bodgit.NewClient(bodgit.SetUserInfo("alice", "secret"), bodgit.SetDomain("EXAMPLE"), bodgit.SetWorkstation("PC-7"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Authenticate(nil, nil); err != nil {
			t.Fatal(err)
		}
		challenge := Challenge{Flags: always | flags, ServerChallenge: [8]byte{1, 2, 3}, TargetName: "EXAMPLE", TargetInfo: AVPairs{Name(AvNbDomainName, "EXAMPLE")}}
		token, err := client.Authenticate(challenge.Append(nil), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := ParseAuthenticate(token)
		if err != nil {
			t.Fatal(err)
		}
		v2 := NTOWFv1("secret").NTOWFv2("alice", "EXAMPLE")
		session, err := v2.SessionBaseKeyV2(Key(a.NTResponse[:16])).Exchanged(&a)
		if err != nil {
			t.Fatal(err)
		}
		_, theirs, err := client.SecuritySession().Wrap([]byte("message"))
		if err != nil {
			t.Fatal(err)
		}
		ours, err := session.FirstSignature(ClientSide, a.Flags, []byte("message"))
		if err != nil || hex.EncodeToString(ours[:]) != hex.EncodeToString(theirs) {
			t.Errorf("flags %x: ours %x, %v, theirs %x", a.Flags, ours, err, theirs)
		}
		ours, err = session.FirstSignature(ServerSide, a.Flags, []byte("message"))
		if _, bad := client.SecuritySession().Unwrap([]byte("message"), ours[:]); err != nil || bad != nil {
			t.Errorf("flags %x: %v, %v", a.Flags, err, bad)
		}
	}
}

func TestNoSigning(t *testing.T) {
	for _, f := range []Flags{0, NegotiateSign, NegotiateExtendedSessionSecurity, NegotiateAlwaysSign} {
		if s, err := specSession.FirstSignature(ClientSide, f, nil); err == nil || s != ([16]byte{}) {
			t.Errorf("%x: %x, %v", f, s, err)
		}
	}
}
