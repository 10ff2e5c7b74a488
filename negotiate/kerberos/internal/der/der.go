// Package der reads the messages of Kerberos (RFC 4120 section 5), which are
// encoded in DER: SEQUENCEs of EXPLICIT fields, numbered in ascending order.
package der

import "golang.org/x/crypto/cryptobyte/asn1"

// ApplicationTag is [APPLICATION n] of a constructed type. n is at most 30.
func ApplicationTag(n uint8) asn1.Tag { return asn1.Tag(0x60 | n) }

// FieldTag is that of field n of a SEQUENCE. n is at most 30.
func FieldTag(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

// GeneralString is the tag of a KerberosString (RFC 4120 section 5.2.1), which in
// practice holds any bytes.
const GeneralString = asn1.Tag(27)

// TimeForm is the layout of a KerberosTime (RFC 4120 section 5.2.3): no fractions,
// UTC.
const TimeForm = "20060102150405Z"
