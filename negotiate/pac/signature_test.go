package pac

import (
	"testing"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/pac/pactest"
)

// TestSignatureTypes signs with each key and verifies with each.
func TestSignatureTypes(t *testing.T) {
	for _, signer := range keys {
		for _, kdc := range keys {
			p := parse(t, pactest.Build(pactest.Spec{Client: "bob", Key: signer, KDCKey: kdc}))
			for _, key := range keys {
				want := error(nil)
				if key.KeyType != signer.KeyType {
					want = errSignatureKey
				}
				if err := p.VerifyServerSignature(key); err != want {
					t.Errorf("signed by %d, verified by %d: got %v, want %v", signer.KeyType, key.KeyType, err, want)
				}
			}
			other := newKey(signer.KeyType, len(signer.KeyValue))
			other.KeyValue[3] ^= 1
			if err := p.VerifyServerSignature(other); err != errForged {
				t.Errorf("%d: another key: %v", signer.KeyType, err)
			}
		}
	}
}

// TestOddKeys tries keys of all types and lengths: one fits.
func TestOddKeys(t *testing.T) {
	for _, signer := range keys {
		p := parse(t, pactest.Build(pactest.Spec{Client: "bob", Key: signer}))
		for kind := int32(-140); kind < 30; kind++ {
			for size := range 70 {
				err := p.VerifyServerSignature(newKey(kind, size))
				if fits := kind == signer.KeyType && size == len(signer.KeyValue); fits != (err == nil) {
					t.Errorf("signed by %d, key of type %d and %d bytes: %v", signer.KeyType, kind, size, err)
				}
			}
		}
	}
}

func TestBrokenSignatures(t *testing.T) {
	key := keys[0]
	good := parse(t, pactest.Build(pactest.Spec{Client: "bob", Key: key}))
	server, kdc := good.raw[good.server.from:good.server.to], good.raw[good.kdc.from:good.kdc.to]
	for _, c := range []struct {
		name        string
		server, kdc string
		want        error
	}{
		{"none", "", "", errNoSignature},
		{"no server signature", "", kdc, errNoSignature},
		{"no KDC signature", server, "", errNoSignature},
		{"server too short", server[:3], kdc, errSignature},
		{"KDC too short", server, kdc[:3], errSignature},
		{"server without digest", server[:4], kdc, errForged},
		{"server's digest cut", server[:19], kdc, errForged},
		{"server's digest too long", server + "\x00\x00", kdc, errForged},
		{"of an unknown type", "\x63" + server[1:], kdc, errSignatureKey},
	} {
		spec := pactest.Spec{Client: "bob"}
		for kind, data := range map[uint32]string{typeServerChecksum: c.server, typeKDCChecksum: c.kdc} {
			if data != "" {
				spec.Buffers = append(spec.Buffers, pactest.Buffer{Type: kind, Data: []byte(data)})
			}
		}
		p := parse(t, pactest.Build(spec))
		if err := p.VerifyServerSignature(key); err != c.want {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if err := p.VerifyServerSignature(types.EncryptionKey{}); err == nil {
			t.Errorf("%s: verified without a key", c.name)
		}
	}
}
