package kerberos

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// TestRC4MIC has tokens that MIT krb5 1.20.1 made on both sides of one context.
func TestRC4MIC(t *testing.T) {
	key := unhex(t, "2bcf925caa1afcd1fa0a27e4e539ecb6")
	for _, v := range []struct{ message, initiator, acceptor string }{
		{"", "602306092a864886f71201020201011100ffffffffd82e53c3124678a35c5f2a37ae24a5d4",
			"602306092a864886f71201020201011100fffffffffa64b391edb9875c5c5f2a37ae24a5d4"},
		{"the list of mechanisms", "602306092a864886f71201020201011100ffffffff45ef05ccf7c655f1985179d4bbf16fc3",
			"602306092a864886f71201020201011100ffffffff67a5e59e0839aa0e985179d4bbf16fc3"},
	} {
		message, theirs, ours := []byte(v.message), unhex(t, v.initiator), unhex(t, v.acceptor)
		if err := verifyRC4MIC(key, message, theirs); err != nil {
			t.Errorf("%q: %v", v.message, err)
		}
		sequence := rc4Sequence(key, ours[len(ours)-8:], ours[len(ours)-16:len(ours)-8])
		if got := rc4MIC(key, message, binary.BigEndian.Uint32(sequence), fromAcceptor); !bytes.Equal(got, ours) {
			t.Errorf("%q: %x, want %x", v.message, got, ours)
		}
		refuseRC4MIC(t, key, message, theirs, ours)
	}
}

// refuseRC4MIC wants every change of the initiator's token refused, and the
// acceptor's own token too.
func refuseRC4MIC(t *testing.T, key, message, theirs, ours []byte) {
	t.Helper()
	for i := range theirs {
		changed := bytes.Clone(theirs)
		changed[i] ^= 1
		name := i >= 4 && i < 13 // whatever the mechanism is called
		if err := verifyRC4MIC(key, message, changed); err == nil && !name && !sequenceNumber(i, theirs) {
			t.Errorf("byte %d can be changed", i)
		}
		if verifyRC4MIC(key, message, theirs[:i]) == nil {
			t.Errorf("%d bytes are enough", i)
		}
	}
	for name, token := range map[string][]byte{"ours": ours, "longer": append(bytes.Clone(theirs), 0), "none": nil} {
		if verifyRC4MIC(key, message, token) == nil {
			t.Errorf("%s is good", name)
		}
	}
	if verifyRC4MIC(key, append(bytes.Clone(message), 'x'), theirs) == nil || verifyRC4MIC(make([]byte, 16), message, theirs) == nil {
		t.Error("another message or key is good")
	}
}

// sequenceNumber reports whether byte i belongs to the number itself, which the
// checksum does not cover and which may be any.
func sequenceNumber(i int, token []byte) bool { return i >= len(token)-16 && i < len(token)-12 }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
