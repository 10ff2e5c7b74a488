package ldaptest

import (
	"errors"
	"io"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The requests, by their tags (RFC 4511 section 4.2 and following).
const (
	Bind     = 0x60
	Search   = 0x63
	Compare  = 0x6e
	Extended = 0x77 // StartTLS

	unbind = 0x42
)

// Request is a message of the client.
type Request struct {
	ID   int64
	Op   byte
	Body string // what the operation's tag and length hold
	TLS  bool
}

// maxRequest bounds a request in bytes.
const maxRequest = 64 << 10

// read reads a message, whose length is definite.
func read(r io.Reader) (q Request, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return q, err
	}
	size := int(head[1])
	if head[1] >= 0x80 {
		more := make([]byte, head[1]&0x7f)
		if _, err := io.ReadFull(r, more); err != nil {
			return q, err
		}
		size = 0
		for _, b := range more {
			size = size<<8 | int(b)
		}
	}
	if head[0] != 0x30 || size > maxRequest {
		return q, errors.New("not an LDAP message")
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return q, err
	}
	s := cryptobyte.String(body)
	var op cryptobyte.String
	var tag asn1.Tag
	if !s.ReadASN1Integer(&q.ID) || !s.ReadAnyASN1(&op, &tag) {
		return q, errors.New("not an LDAP message")
	}
	q.Op, q.Body = byte(tag), string(op)
	return q, nil
}

// message returns the bytes of a reply.
func message(id int64, op byte, body cryptobyte.BuilderContinuation, controls ...Control) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(id)
		b.AddASN1(asn1.Tag(op), body)
		if len(controls) == 0 {
			return
		}
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			for _, c := range controls {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1OctetString([]byte(c.Type))
					b.AddASN1OctetString([]byte(c.Value))
				})
			}
		})
	})
	return b.BytesOrPanic()
}

// Result ends a request of any kind with a result code.
func (r Request) Result(code int64, diagnostic string) []byte {
	return r.ResultWith(code, diagnostic, nil)
}

// ResultWith is Result with referrals or controls.
func (r Request) ResultWith(code int64, diagnostic string, referrals []string, controls ...Control) []byte {
	reply := map[byte]byte{Bind: 0x61, Search: 0x65, Compare: 0x6f, Extended: 0x78}[r.Op]
	return message(r.ID, reply, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(code)
		b.AddASN1OctetString(nil) // matchedDN
		b.AddASN1OctetString([]byte(diagnostic))
		if referrals != nil {
			b.AddASN1(asn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				for _, uri := range referrals {
					b.AddASN1OctetString([]byte(uri))
				}
			})
		}
	}, controls...)
}

// Reference is a continuation reference of a search's reply.
func (r Request) Reference(uri string) []byte {
	return message(r.ID, 0x73, func(b *cryptobyte.Builder) { b.AddASN1OctetString([]byte(uri)) })
}

// Control is one of a result.
type Control struct {
	Type  string // a numeric OID
	Value string
}

// Attribute is one of an Entry.
type Attribute struct {
	Name   string
	Values []string
}

// Entry is one of a search's reply.
func (r Request) Entry(dn string, attributes ...Attribute) []byte {
	return message(r.ID, 0x64, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString([]byte(dn))
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, a := range attributes {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1OctetString([]byte(a.Name))
					b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
						for _, v := range a.Values {
							b.AddASN1OctetString([]byte(v))
						}
					})
				})
			}
		})
	})
}

// Base returns where a search begins.
func (r Request) Base() string {
	s := cryptobyte.String(r.Body)
	var base cryptobyte.String
	s.ReadASN1(&base, asn1.OCTET_STRING)
	return string(base)
}

// Login returns the name and the password of a Bind.
func (r Request) Login() (name, password string) {
	s := cryptobyte.String(r.Body)
	var version int64
	var n, p cryptobyte.String
	_ = s.ReadASN1Integer(&version) && s.ReadASN1(&n, asn1.OCTET_STRING) && s.ReadASN1(&p, asn1.Tag(0).ContextSpecific())
	return string(n), string(p)
}

// Assertion returns what a Compare is about.
func (r Request) Assertion() (dn, attribute, value string) {
	s := cryptobyte.String(r.Body)
	var d, pair, a, v cryptobyte.String
	_ = s.ReadASN1(&d, asn1.OCTET_STRING) && s.ReadASN1(&pair, asn1.SEQUENCE) &&
		pair.ReadASN1(&a, asn1.OCTET_STRING) && pair.ReadASN1(&v, asn1.OCTET_STRING)
	return string(d), string(a), string(v)
}
