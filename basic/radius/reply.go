package radius

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// reply is an answer that is a server's own.
type reply struct {
	code       byte
	attributes []byte // well-formed; part of the datagram
	signed     bool   // it has a Message-Authenticator, which fits
}

// What is wrong with a datagram. In any case it is no answer.
var (
	errStray     = errors.New("no answer to this request")
	errForged    = errors.New("not made with the shared secret")
	errMalformed = errors.New("made with the shared secret, but broken")
)

// readReply returns the answer to a request in a datagram. What is behind the length
// that the packet names is padding (RFC 2865 section 3). An answer that is not signed
// and has a Proxy-State, which the request had not, counts as forged.
func readReply(datagram []byte, id byte, request *authenticator, h *hashes) (reply, error) {
	packet, ok := cutPacket(datagram)
	if !ok || packet[1] != id {
		return reply{}, errStray
	}
	r := reply{code: packet[0], attributes: packet[headerSize:]}
	switch r.code {
	case accessAccept, accessReject, accessChallenge:
	default:
		return reply{}, errStray
	}
	if !h.responseFits(packet, request) {
		return reply{}, errForged
	}
	if !wellFormed(r.attributes) {
		return reply{}, errMalformed
	}
	return r.verified(packet, request, h)
}

func cutPacket(datagram []byte) ([]byte, bool) {
	if len(datagram) < headerSize {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(datagram[2:]))
	if n < headerSize || n > len(datagram) || n > maxPacket {
		return nil, false
	}
	return datagram[:n], true
}

// verified returns the reply if its Message-Authenticator fits, or if it has none. Two
// are as bad as a wrong one.
func (r reply) verified(packet []byte, request *authenticator, h *hashes) (reply, error) {
	at, proxied, offset := 0, false, headerSize
	for kind, value := range attributes(r.attributes) {
		offset += attrHeaderSize
		switch {
		case kind == attrProxyState:
			proxied = true
		case kind == attrMessageAuthenticator && (at > 0 || len(value) != authenticatorSize):
			return reply{}, errForged
		case kind == attrMessageAuthenticator:
			at = offset
		}
		offset += len(value)
	}
	if at == 0 {
		if proxied {
			return reply{}, errForged
		}
		return r, nil
	}
	if subtle.ConstantTimeCompare(h.sign(packet, at, request), packet[at:at+authenticatorSize]) != 1 {
		return reply{}, errForged
	}
	r.signed = true
	return r, nil
}
