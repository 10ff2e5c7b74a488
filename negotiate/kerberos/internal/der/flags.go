package der

import "golang.org/x/crypto/cryptobyte/asn1"

// Flags are KerberosFlags (RFC 4120 section 5.2.8), the first in the highest bit.
type Flags []byte

// Has reports a bit; there may be fewer of them than there should be.
func (f Flags) Has(i int) bool { return i/8 < len(f) && f[i/8]&(0x80>>(i%8)) != 0 }

// Flags takes KerberosFlags.
func (f *Fields) Flags(n uint8) Flags {
	bits := f.Value(n, asn1.BIT_STRING)
	if len(bits) == 0 || bits[0] > 7 {
		f.Broken = true
		return nil
	}
	return Flags(bits[1:])
}
