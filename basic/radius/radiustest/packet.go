// Package radiustest plays RADIUS servers, also such as no real one is. It shares no
// code with what it tests.
package radiustest

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Codes of packets, and types of attributes (RFC 2865, RFC 3579).
const (
	AccessRequest   = 1
	AccessAccept    = 2
	AccessReject    = 3
	AccessChallenge = 11

	UserName             = 1
	UserPassword         = 2
	FilterID             = 11
	ReplyMessage         = 18
	Class                = 25
	CallingStationID     = 31
	ProxyState           = 33
	MessageAuthenticator = 80
)

const headerSize = 20

// Attribute is one attribute of a packet, with any bytes as its value.
type Attribute struct {
	Type  byte
	Value []byte
}

// Text returns an attribute whose value is a text.
func Text(kind byte, value string) Attribute { return Attribute{kind, []byte(value)} }

// Request is an Access-Request that was received.
type Request struct {
	Packet     []byte
	ID         byte
	Attributes []Attribute
	User       string
	Password   string // as the server's secret shows it, without NULs at its end

	// Signed says that the first attribute is the only Message-Authenticator, and
	// made with the server's secret.
	Signed bool

	secret string
}

// ParseRequest reads a packet as a server with a secret does.
func ParseRequest(packet []byte, secret string) (Request, error) {
	q := Request{Packet: packet, secret: secret}
	if len(packet) < headerSize || packet[0] != AccessRequest || int(binary.BigEndian.Uint16(packet[2:])) != len(packet) {
		return q, fmt.Errorf("%d bytes are no Access-Request", len(packet))
	}
	q.ID = packet[1]
	for rest := packet[headerSize:]; len(rest) > 0; {
		if len(rest) < 2 || rest[1] < 2 || int(rest[1]) > len(rest) {
			return q, errors.New("broken attributes")
		}
		q.Attributes = append(q.Attributes, Attribute{rest[0], rest[2:rest[1]]})
		rest = rest[rest[1]:]
	}
	q.User = string(q.Value(UserName))
	q.Password = q.reveal(q.Value(UserPassword))
	q.Signed = q.isSigned()
	return q, nil
}

// Value returns the value of the first attribute of a type, nil if there is none.
func (q Request) Value(kind byte) []byte {
	for _, a := range q.Attributes {
		if a.Type == kind {
			return a.Value
		}
	}
	return nil
}

// reveal undoes what RFC 2865 section 5.2 does to a password.
func (q Request) reveal(hidden []byte) string {
	if len(hidden) == 0 || len(hidden)%16 != 0 || len(hidden) > 128 {
		return ""
	}
	var clear []byte
	before := q.Packet[4:headerSize]
	for block := range slices.Chunk(hidden, 16) {
		sum := md5.Sum(append([]byte(q.secret), before...))
		for i := range block {
			clear = append(clear, block[i]^sum[i])
		}
		before = block
	}
	return string(bytes.TrimRight(clear, "\x00"))
}

func (q Request) isSigned() bool {
	for i, a := range q.Attributes {
		if (a.Type == MessageAuthenticator) != (i == 0) {
			return false
		}
	}
	if len(q.Attributes) == 0 || len(q.Attributes[0].Value) != 16 {
		return false
	}
	packet := bytes.Clone(q.Packet)
	clear(packet[headerSize+2 : headerSize+2+16])
	return hmac.Equal(mac(packet, q.secret), q.Attributes[0].Value)
}

func mac(packet []byte, secret string) []byte {
	h := hmac.New(md5.New, []byte(secret))
	h.Write(packet)
	return h.Sum(nil)
}

// Reply returns the answer to a request, with its Response Authenticator. A value of
// MessageAuthenticator that is empty is filled in.
func (q Request) Reply(code byte, attributes ...Attribute) []byte {
	packet := []byte{code, q.ID, 0, 0}
	packet = append(packet, q.Packet[4:headerSize]...)
	at := 0
	for _, a := range attributes {
		if a.Type == MessageAuthenticator && len(a.Value) == 0 {
			at = len(packet) + 2
			a.Value = make([]byte, 16)
		}
		packet = append(packet, a.Type, byte(2+len(a.Value)))
		packet = append(packet, a.Value...)
	}
	binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
	if at > 0 {
		copy(packet[at:], mac(packet, q.secret))
	}
	return q.Seal(packet)
}

// Signed is the attribute that signs a Reply.
func Signed() Attribute { return Attribute{Type: MessageAuthenticator} }

// Seal computes the Response Authenticator of an answer anew, which has the request's
// in its place, or none that matters.
func (q Request) Seal(packet []byte) []byte {
	copy(packet[4:headerSize], q.Packet[4:headerSize])
	sum := md5.Sum(append(bytes.Clone(packet), q.secret...))
	copy(packet[4:headerSize], sum[:])
	return packet
}
