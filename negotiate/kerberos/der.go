package kerberos

import (
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/jcmturner/gokrb5/v8/types"
)

// fields reads the fields of a SEQUENCE of Kerberos (RFC 4120 section 5), which
// are EXPLICIT and numbered in ascending order. After the first fault all reads
// return zero values, and broken is set. What follows the last field read is
// passed over. Results alias the message.
type fields struct {
	rest   cryptobyte.String
	broken bool
}

// application opens [APPLICATION n] SEQUENCE; nothing may follow it.
func application(message []byte, n uint8) fields {
	s := cryptobyte.String(message)
	f := readApplication(&s, n)
	f.broken = f.broken || !s.Empty()
	return f
}

func readApplication(s *cryptobyte.String, n uint8) (f fields) {
	var body cryptobyte.String
	f.broken = !s.ReadASN1(&body, applicationTag(n)) || !body.ReadASN1(&f.rest, asn1.SEQUENCE) || !body.Empty()
	return f
}

func applicationTag(n uint8) asn1.Tag { return asn1.Tag(0x60 | n) }

func fieldTag(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

// has reports whether field n comes next.
func (f *fields) has(n uint8) bool { return !f.broken && f.rest.PeekASN1Tag(fieldTag(n)) }

// value takes the content of field n, which is of type tag.
func (f *fields) value(n uint8, tag asn1.Tag) (value cryptobyte.String) {
	var field cryptobyte.String
	if f.broken || !f.rest.ReadASN1(&field, fieldTag(n)) || !field.ReadASN1(&value, tag) || !field.Empty() {
		f.broken = true
		return nil
	}
	return value
}

func (f *fields) sequence(n uint8) fields { return fields{f.value(n, asn1.SEQUENCE), f.broken} }

func (f *fields) octets(n uint8) []byte { return f.value(n, asn1.OCTET_STRING) }

const generalString = asn1.Tag(27)

func (f *fields) text(n uint8) string { return string(f.value(n, generalString)) }

// integer takes an INTEGER of up to 64 bits.
func (f *fields) integer(n uint8) (v int64) {
	var field cryptobyte.String
	if f.broken || !f.rest.ReadASN1(&field, fieldTag(n)) || !field.ReadASN1Integer(&v) || !field.Empty() {
		f.broken = true
		return 0
	}
	return v
}

// int32 takes an Int32 (RFC 4120 section 5.2.4).
func (f *fields) int32(n uint8) int32 {
	v := f.integer(n)
	if v < math.MinInt32 || v > math.MaxInt32 {
		f.broken = true
		return 0
	}
	return int32(v)
}

// flags are KerberosFlags (RFC 4120 section 5.2.8), the first in the highest bit.
type flags []byte

// has reports a bit; there may be fewer of them than there should be.
func (f flags) has(i int) bool { return i/8 < len(f) && f[i/8]&(0x80>>(i%8)) != 0 }

func (f *fields) flags(n uint8) flags {
	bits := f.value(n, asn1.BIT_STRING)
	if len(bits) == 0 || bits[0] > 7 {
		f.broken = true
		return nil
	}
	return flags(bits[1:])
}

// time takes a KerberosTime (RFC 4120 section 5.2.3): no fractions, UTC.
func (f *fields) time(n uint8) time.Time {
	const form = "20060102150405Z"
	text := f.value(n, asn1.GeneralizedTime)
	if f.broken || len(text) != len(form) || text[len(form)-1] != 'Z' {
		f.broken = true
		return time.Time{}
	}
	number := func(from, to int) (v int) {
		for _, c := range text[from:to] {
			if c < '0' || c > '9' {
				f.broken = true
			}
			v = v*10 + int(c-'0')
		}
		return v
	}
	year, month, day := number(0, 4), number(4, 6), number(6, 8)
	hour, minute, second := number(8, 10), number(10, 12), number(12, 14)
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if f.broken || month < 1 || month > 12 || t.Day() != day || hour > 23 || minute > 59 || second > 60 {
		f.broken = true
		return time.Time{}
	}
	return t
}

// maxComponents bounds the components of a principal name. In practice there are
// one to three.
const maxComponents = 16

// name takes a PrincipalName (RFC 4120 section 5.2.2), whose type says nothing
// that may be relied on.
func (f *fields) name(n uint8) principal {
	inner := f.sequence(n)
	inner.int32(0)
	list := inner.value(1, asn1.SEQUENCE)
	var name principal
	for !inner.broken && !list.Empty() {
		var component cryptobyte.String
		if !list.ReadASN1(&component, generalString) || len(name) == maxComponents {
			inner.broken = true
			break
		}
		name = append(name, string(component))
	}
	f.broken = f.broken || inner.broken
	return name
}

// key takes an EncryptionKey (RFC 4120 section 5.2.9), copied.
func (f *fields) key(n uint8) types.EncryptionKey {
	inner := f.sequence(n)
	k := types.EncryptionKey{KeyType: inner.int32(0), KeyValue: append([]byte(nil), inner.octets(1)...)}
	f.broken = f.broken || inner.broken
	return k
}

// encrypted is EncryptedData (RFC 4120 section 5.2.9).
type encrypted struct {
	etype  int32
	kvno   uint32 // 0: absent
	cipher []byte
}

func (f *fields) encrypted(n uint8) (e encrypted) {
	inner := f.sequence(n)
	e.etype = inner.int32(0)
	if inner.has(1) {
		// Some write the number as signed, and numbers of 32 bits are sent by
		// read-only domain controllers ([MS-KILE] section 3.1.5.8).
		e.kvno = uint32(inner.integer(1))
	}
	e.cipher = inner.octets(2)
	f.broken = f.broken || inner.broken
	return e
}
