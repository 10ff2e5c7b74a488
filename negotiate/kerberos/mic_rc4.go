package kerberos

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"squidauth/negotiate/kerberos/internal/der"
)

// A MIC token of rc4-hmac (RFC 4757 section 7.2): framed as RFC 2743 section 3.1
// says, TOK_ID, SGN_ALG and filler, the encrypted sequence number, the checksum.
var (
	rc4MICHeader = []byte{0x01, 0x01, 0x11, 0x00, 0xff, 0xff, 0xff, 0xff}
	oidKerberos  = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02} // 1.2.840.113554.1.2.2
)

const (
	rc4MICSum   = 8  // bytes of the checksum
	rc4MICUsage = 15 // of a MIC's checksum
)

// Who made a token, as its sequence number says.
const (
	fromInitiator = 0
	fromAcceptor  = 0xffffffff
)

func rc4MIC(key, message []byte, seq, from uint32) []byte {
	sum := rc4Checksum(key, message)
	var b cryptobyte.Builder
	b.AddASN1(der.ApplicationTag(0), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(oidKerberos) })
		b.AddBytes(rc4MICHeader)
		b.AddBytes(rc4Sequence(key, sum, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, seq), from)))
		b.AddBytes(sum)
	})
	return b.BytesOrPanic()
}

// verifyRC4MIC verifies a MIC token of the initiator's. Its sequence number may be
// any.
func verifyRC4MIC(key, message, token []byte) error {
	var inner, oid cryptobyte.String
	whole := cryptobyte.String(token)
	if !whole.ReadASN1(&inner, der.ApplicationTag(0)) || !whole.Empty() || !inner.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return errMIC
	}
	var header, sequence, sum []byte
	if !inner.ReadBytes(&header, len(rc4MICHeader)) || !inner.ReadBytes(&sequence, 8) || !inner.ReadBytes(&sum, rc4MICSum) || !inner.Empty() {
		return errMIC
	}
	if !bytes.Equal(header, rc4MICHeader) || !hmac.Equal(sum, rc4Checksum(key, message)) {
		return errMIC
	}
	if binary.BigEndian.Uint32(rc4Sequence(key, sum, sequence)[4:]) != fromInitiator {
		return errMIC // ours, sent back
	}
	return nil
}

func rc4Checksum(key, message []byte) []byte {
	sum := md5.New()
	sum.Write(binary.LittleEndian.AppendUint32(nil, rc4MICUsage))
	sum.Write(rc4MICHeader)
	sum.Write(message)
	return hmacMD5(hmacMD5(key, []byte("signaturekey\x00")), sum.Sum(nil))[:rc4MICSum]
}

// rc4Sequence encrypts or decrypts the sequence number beside a checksum.
func rc4Sequence(key, sum, sequence []byte) []byte {
	c, err := rc4.NewCipher(hmacMD5(hmacMD5(key, make([]byte, 4)), sum))
	if err != nil {
		panic(err) // only for a wrong length of the key
	}
	out := make([]byte, len(sequence))
	c.XORKeyStream(out, sequence)
	return out
}

func hmacMD5(key, message []byte) []byte {
	h := hmac.New(md5.New, key)
	h.Write(message)
	return h.Sum(nil)
}
