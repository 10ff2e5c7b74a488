package der

import (
	"math"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Fields reads the fields of a SEQUENCE, one after the other. After the first
// fault all reads return zero values, and Broken is set. What follows the last
// field read is passed over. Results alias the message where nothing else is said.
type Fields struct {
	Broken bool

	rest cryptobyte.String
}

// Application opens [APPLICATION n] SEQUENCE; nothing may follow it.
func Application(message []byte, n uint8) (f Fields) {
	s := cryptobyte.String(message)
	var body cryptobyte.String
	f.Broken = !s.ReadASN1(&body, ApplicationTag(n)) || !s.Empty() ||
		!body.ReadASN1(&f.rest, asn1.SEQUENCE) || !body.Empty()
	return f
}

// Sequence opens a SEQUENCE; nothing may follow it.
func Sequence(message []byte) (f Fields) {
	s := cryptobyte.String(message)
	f.Broken = !s.ReadASN1(&f.rest, asn1.SEQUENCE) || !s.Empty()
	return f
}

// Choice opens the SEQUENCE that is alternative n of a CHOICE; nothing may follow it.
func Choice(message []byte, n uint8) Fields {
	f := Fields{rest: message}
	inner := f.Sequence(n)
	inner.Broken = inner.Broken || !f.rest.Empty()
	return inner
}

// IsApplication reports whether the message begins as [APPLICATION n] does.
func IsApplication(message []byte, n uint8) bool {
	return cryptobyte.String(message).PeekASN1Tag(ApplicationTag(n))
}

// Element opens the next SEQUENCE of a list of them. It is Broken at the list's
// end.
func Element(list *cryptobyte.String) (f Fields) {
	f.Broken = !list.ReadASN1(&f.rest, asn1.SEQUENCE)
	return f
}

// Has reports whether field n comes next.
func (f *Fields) Has(n uint8) bool { return !f.Broken && f.rest.PeekASN1Tag(FieldTag(n)) }

// Skip passes over fields, those that are there, whatever they hold.
func (f *Fields) Skip(ns ...uint8) {
	for _, n := range ns {
		f.Broken = f.Broken || !f.rest.SkipOptionalASN1(FieldTag(n))
	}
}

// Field takes field n whole.
func (f *Fields) Field(n uint8) (field cryptobyte.String) {
	if f.Broken || !f.rest.ReadASN1(&field, FieldTag(n)) {
		f.Broken = true
		return nil
	}
	return field
}

// Value takes the content of field n, which is of type tag.
func (f *Fields) Value(n uint8, tag asn1.Tag) (value cryptobyte.String) {
	field := f.Field(n)
	if f.Broken || !field.ReadASN1(&value, tag) || !field.Empty() {
		f.Broken = true
		return nil
	}
	return value
}

// Sequence opens the SEQUENCE in field n. A later fault in it is its own.
func (f *Fields) Sequence(n uint8) Fields {
	rest := f.Value(n, asn1.SEQUENCE)
	return Fields{f.Broken, rest}
}

// List takes the elements of the SEQUENCE OF in field n, for Element.
func (f *Fields) List(n uint8) cryptobyte.String { return f.Value(n, asn1.SEQUENCE) }

// Octets takes an OCTET STRING.
func (f *Fields) Octets(n uint8) []byte { return f.Value(n, asn1.OCTET_STRING) }

// Text takes a KerberosString, copied.
func (f *Fields) Text(n uint8) string { return string(f.Value(n, GeneralString)) }

// Integer takes an INTEGER of up to 64 bits.
func (f *Fields) Integer(n uint8) (v int64) {
	field := f.Field(n)
	if f.Broken || !field.ReadASN1Integer(&v) || !field.Empty() {
		f.Broken = true
		return 0
	}
	return v
}

// Int32 takes an Int32 (RFC 4120 section 5.2.4).
func (f *Fields) Int32(n uint8) int32 {
	v := f.Integer(n)
	if v < math.MinInt32 || v > math.MaxInt32 {
		f.Broken = true
		return 0
	}
	return int32(v)
}
