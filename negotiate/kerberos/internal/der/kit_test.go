package der_test

import (
	"encoding/asn1"

	"squidauth/negotiate/kerberos/internal/der"
)

// seq is a SEQUENCE of anything. What tests read is written by encoding/asn1, which
// shares no code with cryptobyte.
type seq = []asn1.RawValue

func encode(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// application is [APPLICATION n] of v.
func application(n int, v any) []byte {
	return encode(asn1.RawValue{Class: asn1.ClassApplication, Tag: n, IsCompound: true, Bytes: encode(v)})
}

// field is field n of a SEQUENCE.
func field(n int, v any) asn1.RawValue { return fieldOf(n, encode(v)) }

func fieldOf(n int, content []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: n, IsCompound: true, Bytes: content}
}

func general(s string) asn1.RawValue {
	return asn1.RawValue{Tag: asn1.TagGeneralString, Bytes: []byte(s)}
}

func principalName(parts ...asn1.RawValue) seq { return seq{field(0, 1), field(1, parts)} }

func encryptedData(kvno int64, cipher string) seq {
	e := seq{field(0, 18), field(1, kvno), field(2, []byte(cipher))}
	if kvno == 0 {
		e = append(e[:1], e[2])
	}
	return e
}

func encryptionKey(kind int64, value string) seq {
	return seq{field(0, kind), field(1, []byte(value))}
}

// open returns the fields of a message that has one, number 3.
func open(v any) der.Fields { return openOf(encode(v)) }

func openOf(content []byte) der.Fields {
	return der.Application(application(14, seq{fieldOf(3, content)}), 14)
}

// sample has a field of each kind, and one that no reader asks for.
func sample() []byte {
	return application(14, seq{
		field(0, 5),
		field(1, []byte("?")),
		field(4, general("Z\xff")),
		field(5, asn1.BitString{Bytes: []byte{0x80, 0x01}, BitLength: 16}),
		field(7, encryptionKey(18, "secret")),
		field(8, []byte("octets")),
		field(9, 1),
	})
}
