package der

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/jcmturner/gokrb5/v8/types"
)

// maxComponents bounds the components of a principal name. In practice there are
// one to three.
const maxComponents = 16

// Name takes the components of a PrincipalName (RFC 4120 section 5.2.2), whose
// type says nothing that may be relied on.
func (f *Fields) Name(n uint8) (name []string) {
	inner := f.Sequence(n)
	inner.Int32(0)
	list := inner.Value(1, asn1.SEQUENCE)
	for !inner.Broken && !list.Empty() {
		var component cryptobyte.String
		if !list.ReadASN1(&component, GeneralString) || len(name) == maxComponents {
			inner.Broken = true
			break
		}
		name = append(name, string(component))
	}
	f.Broken = f.Broken || inner.Broken
	return name
}

// Key takes an EncryptionKey (RFC 4120 section 5.2.9), copied.
func (f *Fields) Key(n uint8) types.EncryptionKey {
	inner := f.Sequence(n)
	k := types.EncryptionKey{KeyType: inner.Int32(0), KeyValue: bytes.Clone(inner.Octets(1))}
	f.Broken = f.Broken || inner.Broken
	return k
}

// Encrypted takes EncryptedData (RFC 4120 section 5.2.9). Where it has no kvno,
// that is 0.
func (f *Fields) Encrypted(n uint8) (e types.EncryptedData) {
	inner := f.Sequence(n)
	e.EType = inner.Int32(0)
	if inner.Has(1) {
		// Some write the number as signed, and read-only domain controllers use all
		// of its 32 bits ([MS-KILE] section 3.1.5.8).
		e.KVNO = int(uint32(inner.Integer(1)))
	}
	e.Cipher = inner.Octets(2)
	f.Broken = f.Broken || inner.Broken
	return e
}
