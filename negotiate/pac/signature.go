package pac

import (
	"crypto/hmac"
	"errors"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"
)

// keyUsage is KERB_NON_KERB_CKSUM_SALT, [MS-PAC] section 2.8.
const keyUsage = 17

var (
	errNoSignature  = errors.New("pac: a signature is missing")
	errSignature    = errors.New("pac: a signature is too short")
	errKey          = errors.New("pac: the key is of an unknown type or of the wrong length")
	errSignatureKey = errors.New("pac: the type of the server signature does not fit the key")
	errForged       = errors.New("pac: the server signature is wrong")
)

// An algorithm is the checksum that goes with a type of key, [MS-PAC] section
// 2.8, for the SHA-2 types RFC 8009 section 5. DES has none here, as nothing
// decrypts its tickets.
type algorithm struct {
	keyType  int32
	keySize  int // bytes
	checksum int32
}

var algorithms = [...]algorithm{
	{etypeID.RC4_HMAC, 16, chksumtype.KERB_CHECKSUM_HMAC_MD5},
	{etypeID.AES128_CTS_HMAC_SHA1_96, 16, chksumtype.HMAC_SHA1_96_AES128},
	{etypeID.AES256_CTS_HMAC_SHA1_96, 32, chksumtype.HMAC_SHA1_96_AES256},
	{etypeID.AES128_CTS_HMAC_SHA256_128, 16, chksumtype.HMAC_SHA256_128_AES128},
	{etypeID.AES256_CTS_HMAC_SHA384_192, 32, chksumtype.HMAC_SHA384_192_AES256},
}

// VerifyServerSignature tells whether the PAC was made by one who knows key, the
// key that the ticket is encrypted with ([MS-PAC] section 2.8.1). The KDC's own
// signature must be there, but only the KDC can verify it.
func (p *PAC) VerifyServerSignature(key types.EncryptionKey) error {
	checksum, server, err := p.checksum(p.server)
	if err != nil {
		return err
	}
	_, kdc, err := p.checksum(p.kdc)
	if err != nil {
		return err
	}
	message := []byte(p.raw)
	clear(message[server.from:server.to])
	clear(message[kdc.from:kdc.to])
	want, err := sign(key, checksum, message)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(p.raw[server.from:server.to]), want) {
		return errForged
	}
	return nil
}

// checksum reads PAC_SIGNATURE_DATA, [MS-PAC] section 2.8: its type, and where
// the rest is. All of the rest counts as zeros for the signature, also the number
// that a read-only domain controller puts behind its own: so Windows signs, and
// MIT's and Heimdal's libraries verify.
func (p *PAC) checksum(s span) (int32, span, error) {
	if s == (span{}) {
		return 0, span{}, errNoSignature
	}
	c := cursor{data: p.raw[s.from:s.to]}
	checksum := int32(c.uint32())
	if c.err != nil {
		return 0, span{}, errSignature
	}
	return checksum, span{s.from + c.pos, s.to}, nil
}

// sign computes a checksum of the type that goes with the key. The library does
// not look at the key's length.
func sign(key types.EncryptionKey, checksum int32, message []byte) ([]byte, error) {
	for _, a := range algorithms {
		if a.keyType != key.KeyType || a.keySize != len(key.KeyValue) {
			continue
		}
		if a.checksum != checksum {
			return nil, errSignatureKey
		}
		etype, err := crypto.GetEtype(key.KeyType)
		if err != nil {
			return nil, errKey
		}
		return etype.GetChecksumHash(key.KeyValue, message, keyUsage)
	}
	return nil, errKey
}
