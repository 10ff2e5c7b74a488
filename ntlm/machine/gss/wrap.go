package gss

import (
	"bytes"
	"crypto/hmac"
	"encoding/binary"
	"errors"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
)

// A Wrap token (RFC 4121 section 4.2.6.2) begins with 16 bytes: its ID, flags, a
// filler, the counts EC and RRC, and its number.
const (
	headerSize = 16
	wrapID     = 0x0504

	sentByAcceptor = 1
	sealed         = 2
	acceptorSubkey = 4
)

var errOrder = errors.New("a message came out of turn")

// header is that of a token with no RRC.
func header(flags byte, ec int, number uint64) []byte {
	b := binary.BigEndian.AppendUint16(nil, wrapID)
	b = binary.BigEndian.AppendUint16(append(b, flags, 0xff), uint16(ec))
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(b, 0), number)
}

// Wrap protects a message of the client's: it is signed, or encrypted as well.
func (c *Context) Wrap(message []byte, seal bool) ([]byte, error) {
	e, err := usable(c.subkey)
	if err != nil {
		return nil, err
	}
	var flags byte
	if c.acceptorsSubkey {
		flags |= acceptorSubkey
	}
	number := c.sent
	c.sent++
	if seal {
		h := header(flags|sealed, 0, number)
		_, cipher, err := e.EncryptMessage(c.subkey.KeyValue, append(bytes.Clone(message), h...), keyusage.GSSAPI_INITIATOR_SEAL)
		return append(h, cipher...), err
	}
	sum, err := e.GetChecksumHash(c.subkey.KeyValue, append(bytes.Clone(message), header(flags, 0, number)...), keyusage.GSSAPI_INITIATOR_SEAL)
	return append(append(header(flags, len(sum), number), message...), sum...), err
}

// Unwrap returns a message of the service's, which must be the next one, and whether
// it was encrypted.
func (c *Context) Unwrap(token []byte) (message []byte, wasSealed bool, err error) {
	if len(token) < headerSize || binary.BigEndian.Uint16(token) != wrapID || token[3] != 0xff {
		return nil, false, errSignature
	}
	flags := token[2]
	wasSealed = flags&sealed != 0
	ec, rrc := int(binary.BigEndian.Uint16(token[4:])), int(binary.BigEndian.Uint16(token[6:]))
	if flags&^sealed != c.flagsOfService() {
		return nil, false, errSignature
	}
	number := binary.BigEndian.Uint64(token[8:])
	body := unrotate(token[headerSize:], rrc)
	h := header(flags, ec, number)
	if wasSealed {
		message, err = c.unseal(body, h, ec)
	} else {
		message, err = c.verify(body, header(flags, 0, number), ec)
	}
	if err != nil {
		return nil, false, err
	}
	if number != c.received {
		return nil, false, errOrder
	}
	c.received++
	return message, wasSealed, nil
}

func (c *Context) flagsOfService() byte {
	if c.acceptorsSubkey {
		return sentByAcceptor | acceptorSubkey
	}
	return sentByAcceptor
}

// unrotate undoes a rotation to the right by rrc bytes.
func unrotate(b []byte, rrc int) []byte {
	if len(b) == 0 {
		return b
	}
	rrc %= len(b)
	return append(bytes.Clone(b[rrc:]), b[:rrc]...)
}

// unseal opens message, filler of ec bytes and header, encrypted together.
func (c *Context) unseal(body, h []byte, ec int) ([]byte, error) {
	plain, err := decrypt(c.subkey, body, keyusage.GSSAPI_ACCEPTOR_SEAL)
	if err != nil {
		return nil, err
	}
	end := len(plain) - headerSize - ec
	if end < 0 || !bytes.Equal(plain[len(plain)-headerSize:], h) {
		return nil, errSignature
	}
	return plain[:end], nil
}

// verify checks the checksum of ec bytes behind the message.
func (c *Context) verify(body, h []byte, ec int) ([]byte, error) {
	e, err := usable(c.subkey)
	if err != nil {
		return nil, err
	}
	if ec > len(body) {
		return nil, errSignature
	}
	message, sum := body[:len(body)-ec], body[len(body)-ec:]
	want, err := e.GetChecksumHash(c.subkey.KeyValue, append(bytes.Clone(message), h...), keyusage.GSSAPI_ACCEPTOR_SEAL)
	if err != nil || !hmac.Equal(sum, want) {
		return nil, errSignature
	}
	return message, nil
}
