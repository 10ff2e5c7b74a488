package initiator

import (
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/jcmturner/gokrb5/v8/types"
)

// reader reads the fields of a SEQUENCE of Kerberos (RFC 4120 section 5), which
// are EXPLICIT and numbered in ascending order. After the first fault all reads
// return zero values, and broken is set. What follows the last field read is
// passed over. Results alias the message.
type reader struct {
	rest   cryptobyte.String
	broken bool
}

// read opens [APPLICATION n] SEQUENCE; nothing may follow it.
func read(message []byte, n uint8) (r reader) {
	s := cryptobyte.String(message)
	var body cryptobyte.String
	r.broken = !s.ReadASN1(&body, applicationTag(n)) || !s.Empty() ||
		!body.ReadASN1(&r.rest, asn1.SEQUENCE) || !body.Empty()
	return r
}

// isApplication reports whether the message is [APPLICATION n].
func isApplication(message []byte, n uint8) bool {
	return cryptobyte.String(message).PeekASN1Tag(applicationTag(n))
}

// skip passes over fields, those that are there.
func (r *reader) skip(ns ...uint8) {
	for _, n := range ns {
		r.broken = r.broken || !r.rest.SkipOptionalASN1(fieldTag(n))
	}
}

func (r *reader) has(n uint8) bool { return !r.broken && r.rest.PeekASN1Tag(fieldTag(n)) }

// field takes field n whole.
func (r *reader) field(n uint8) (field cryptobyte.String) {
	if r.broken || !r.rest.ReadASN1(&field, fieldTag(n)) {
		r.broken = true
		return nil
	}
	return field
}

// value takes the content of field n, which is of type tag.
func (r *reader) value(n uint8, tag asn1.Tag) (value cryptobyte.String) {
	field := r.field(n)
	if r.broken || !field.ReadASN1(&value, tag) || !field.Empty() {
		r.broken = true
		return nil
	}
	return value
}

func (r *reader) text(n uint8) string { return string(r.value(n, generalString)) }

func (r *reader) integer(n uint8) (v int64) {
	field := r.field(n)
	if r.broken || !field.ReadASN1Integer(&v) || !field.Empty() {
		r.broken = true
		return 0
	}
	return v
}

// int32 takes an Int32 (RFC 4120 section 5.2.4).
func (r *reader) int32(n uint8) int32 {
	v := r.integer(n)
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.broken = true
		return 0
	}
	return int32(v)
}

// time takes a KerberosTime (RFC 4120 section 5.2.3).
func (r *reader) time(n uint8) time.Time {
	t, err := time.Parse(timeForm, string(r.value(n, asn1.GeneralizedTime)))
	if err != nil {
		r.broken = true
	}
	return t
}

// maxComponents bounds the components of a principal name. In practice there are
// one to three.
const maxComponents = 16

// name takes a PrincipalName (RFC 4120 section 5.2.2).
func (r *reader) name(n uint8) (name []string) {
	inner := reader{rest: r.value(n, asn1.SEQUENCE)}
	inner.int32(0)
	list := inner.value(1, asn1.SEQUENCE)
	for !inner.broken && !list.Empty() {
		var component cryptobyte.String
		inner.broken = !list.ReadASN1(&component, generalString) || len(name) == maxComponents
		name = append(name, string(component))
	}
	r.broken = r.broken || inner.broken
	return name
}

// key takes an EncryptionKey (RFC 4120 section 5.2.9).
func (r *reader) key(n uint8) types.EncryptionKey {
	inner := reader{rest: r.value(n, asn1.SEQUENCE)}
	k := types.EncryptionKey{KeyType: inner.int32(0), KeyValue: inner.value(1, asn1.OCTET_STRING)}
	r.broken = r.broken || inner.broken
	return k
}

// encrypted takes EncryptedData (RFC 4120 section 5.2.9).
func (r *reader) encrypted(n uint8) (e types.EncryptedData) {
	inner := reader{rest: r.value(n, asn1.SEQUENCE)}
	e.EType = inner.int32(0)
	if inner.has(1) {
		// Some write the number as signed, and read-only domain controllers use all
		// of its 32 bits ([MS-KILE] section 3.1.5.8).
		e.KVNO = int(uint32(inner.integer(1)))
	}
	e.Cipher = inner.value(2, asn1.OCTET_STRING)
	r.broken = r.broken || inner.broken
	return e
}
