package kerberos

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// A MIC token (RFC 4121 section 4.2.6.1): TOK_ID, flags, filler, sequence number,
// and the checksum of the message and these 16 bytes.
const (
	micHeaderLen   = 16
	micByAcceptor  = 0x01
	micByteOfFlags = 2
)

var errMIC = errors.New("the MIC does not fit")

// MIC returns a MIC token of ours for the message.
func (c *Context) MIC(message []byte) ([]byte, error) {
	if c.sign.key.KeyType == etypeID.RC4_HMAC {
		token := rc4MIC(c.sign.key.KeyValue, message, uint32(c.seq), fromAcceptor)
		c.seq++
		return token, nil
	}
	header := []byte{0x04, 0x04, micByAcceptor, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint64(header[8:], c.seq)
	c.seq++
	sum, err := c.sign.mac(usageAcceptorSign, deriveChecksum, message, header)
	return append(header, sum...), err
}

// VerifyMIC verifies a MIC token of the client's for the message.
func (c *Context) VerifyMIC(message, token []byte) error {
	if c.sign.key.KeyType == etypeID.RC4_HMAC {
		return verifyRC4MIC(c.sign.key.KeyValue, message, token)
	}
	if len(token) < micHeaderLen || token[0] != 0x04 || token[1] != 0x04 || token[micByteOfFlags] != 0 {
		return errMIC
	}
	header, sum := token[:micHeaderLen], token[micHeaderLen:]
	want, err := c.sign.mac(usageInitiatorSign, deriveChecksum, message, header)
	if err != nil {
		return err
	}
	if !hmac.Equal(sum, want) {
		return errMIC
	}
	return nil
}
