package radius

import (
	"encoding/binary"
	"iter"
)

// Codes of packets (RFC 2865 section 4).
const (
	accessRequest   = 1
	accessAccept    = 2
	accessReject    = 3
	accessChallenge = 11
)

// Types of attributes (RFC 2865 section 5; the last two RFC 3579 and RFC 3162).
const (
	attrUserName             = 1
	attrUserPassword         = 2
	attrNASIPAddress         = 4
	attrNASPort              = 5
	attrServiceType          = 6
	attrFilterID             = 11
	attrReplyMessage         = 18
	attrClass                = 25
	attrCallingStationID     = 31
	attrNASIdentifier        = 32
	attrProxyState           = 33
	attrNASPortType          = 61
	attrMessageAuthenticator = 80
	attrNASIPv6Address       = 95
)

// Sizes in bytes (RFC 2865 sections 3 and 5).
const (
	headerSize        = 20
	authenticatorAt   = 4
	authenticatorSize = 16
	attrHeaderSize    = 2
	maxPacket         = 4096
	maxValue          = 253 // of an attribute
)

// authenticator is the Authenticator field of a packet.
type authenticator [authenticatorSize]byte

func appendAttr[T string | []byte](dst []byte, kind byte, value T) []byte {
	dst = append(dst, kind, byte(attrHeaderSize+len(value)))
	return append(dst, value...)
}

func appendNumber(dst []byte, kind byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, kind, attrHeaderSize+4), n)
}

// attributes yields each attribute's type and value. It ends where the bytes are no
// attributes; wellFormed tells that before.
func attributes(b []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for len(b) >= attrHeaderSize {
			size := int(b[1])
			if size < attrHeaderSize || size > len(b) || !yield(b[0], b[attrHeaderSize:size]) {
				return
			}
			b = b[size:]
		}
	}
}

func wellFormed(b []byte) bool {
	n := 0
	for _, value := range attributes(b) {
		n += attrHeaderSize + len(value)
	}
	return n == len(b)
}
