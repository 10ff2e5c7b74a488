package initiator

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/enctype"
)

// combine is KRB-FX-CF2 (RFC 6113 section 5.1): a key of the type of k1 that depends on
// both keys and what they are used for.
func combine(k1, k2 types.EncryptionKey, pepper1, pepper2 string) (types.EncryptionKey, error) {
	a, err := prfPlus(k1, pepper1, len(k1.KeyValue))
	if err != nil {
		return types.EncryptionKey{}, err
	}
	b, err := prfPlus(k2, pepper2, len(k1.KeyValue))
	if err != nil {
		return types.EncryptionKey{}, err
	}
	for i := range a {
		a[i] ^= b[i]
	}
	return types.EncryptionKey{KeyType: k1.KeyType, KeyValue: a}, nil // of these types each string is a key
}

// prfPlus is PRF+ (RFC 6113 section 5.1), cut to n bytes.
func prfPlus(k types.EncryptionKey, info string, n int) (out []byte, err error) {
	for counter := byte(1); len(out) < n; counter++ {
		block, err := prf(k, append([]byte{counter}, info...))
		if err != nil {
			return nil, err
		}
		out = append(out, block...)
	}
	return out[:n], nil
}

var errPRF = errors.New("there is no pseudo-random function of that encryption type")

// prf is the pseudo-random function of the key's encryption type (RFC 3961 section
// 5.3, RFC 8009 section 5, RFC 4757 as MIT and Microsoft have it).
func prf(k types.EncryptionKey, input []byte) ([]byte, error) {
	if !enctype.Usable(k) {
		return nil, errUnusable(k)
	}
	switch k.KeyType {
	case etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.AES256_CTS_HMAC_SHA1_96:
		return prfAES(k, input)
	case etypeID.AES128_CTS_HMAC_SHA256_128:
		return prfSHA2(k, input, 256)
	case etypeID.AES256_CTS_HMAC_SHA384_192:
		return prfSHA2(k, input, 384)
	case etypeID.RC4_HMAC:
		mac := hmac.New(sha1.New, k.KeyValue)
		mac.Write(input)
		return mac.Sum(nil), nil
	}
	return nil, errPRF
}

// prfAES encrypts one block of the input's hash with a key that is derived for it.
func prfAES(k types.EncryptionKey, input []byte) ([]byte, error) {
	e, err := crypto.GetEtype(k.KeyType)
	if err != nil {
		return nil, err
	}
	derived, err := e.DeriveKey(k.KeyValue, []byte("prf"))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(input)
	out := make([]byte, aes.BlockSize)
	block.Encrypt(out, sum[:aes.BlockSize])
	return out, nil
}

// prfSHA2 is KDF-HMAC-SHA2 with the label prf (RFC 8009 section 3).
func prfSHA2(k types.EncryptionKey, input []byte, bits uint32) ([]byte, error) {
	e, err := crypto.GetEtype(k.KeyType)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(e.GetHashFunc(), k.KeyValue)
	mac.Write([]byte("\x00\x00\x00\x01prf\x00"))
	mac.Write(input)
	mac.Write(binary.BigEndian.AppendUint32(nil, bits))
	return mac.Sum(nil)[:bits/8], nil
}
