package spnego

import (
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// tagFrame is the [APPLICATION 0] of RFC 2743 section 3.1.
const tagFrame = asn1.Tag(0x60)

// malformed is the error for a token whose named part is not as it must be. It
// tells nothing of the token's content.
func malformed(part string) error { return errors.New("spnego: malformed " + part) }

// context is the tag of the field [n], which is EXPLICIT everywhere in RFC 4178.
func context(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

// readFrame cuts RFC 2743 section 3.1's framing into the mechanism it names and
// the inner token. Nothing may follow it.
func readFrame(token []byte) (mech OID, inner cryptobyte.String, ok bool) {
	s := cryptobyte.String(token)
	if !s.ReadASN1(&inner, tagFrame) || !s.Empty() {
		return "", nil, false
	}
	if mech, ok = readOID(&inner); !ok {
		return "", nil, false
	}
	return mech, inner, true
}

// addFrame adds an inner token in the framing of the mechanism.
func addFrame(b *cryptobyte.Builder, mech OID, inner cryptobyte.BuilderContinuation) {
	b.AddASN1(tagFrame, func(b *cryptobyte.Builder) {
		addOID(b, mech)
		inner(b)
	})
}

// readChoice reads the SEQUENCE within the alternative [n] of a NegotiationToken,
// RFC 4178 section 4.2. Nothing may follow it.
func readChoice(s cryptobyte.String, n uint8) (fields cryptobyte.String, ok bool) {
	var choice cryptobyte.String
	ok = s.ReadASN1(&choice, context(n)) && s.Empty() &&
		choice.ReadASN1(&fields, asn1.SEQUENCE) && choice.Empty()
	return fields, ok
}

// addChoice adds the SEQUENCE of fields within the alternative [n].
func addChoice(b *cryptobyte.Builder, n uint8, fields cryptobyte.BuilderContinuation) {
	b.AddASN1(context(n), func(b *cryptobyte.Builder) { b.AddASN1(asn1.SEQUENCE, fields) })
}

// readField reads the content of the optional field [n], which holds a value of
// the given tag. The content is nil only if the field is absent.
func readField(s *cryptobyte.String, n uint8, tag asn1.Tag) (content []byte, ok bool) {
	var field, value cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&field, &present, context(n)) {
		return nil, false
	}
	if !present {
		return nil, true
	}
	if !field.ReadASN1(&value, tag) || !field.Empty() {
		return nil, false
	}
	return value[:len(value):len(value)], true
}

// addField adds the field [n] with a value of the given tag, unless it is nil.
func addField(b *cryptobyte.Builder, n uint8, tag asn1.Tag, content []byte) {
	if content == nil {
		return
	}
	b.AddASN1(context(n), func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	})
}
