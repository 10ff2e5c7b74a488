package ssp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"

	"squidauth/ntlm/ntlmssp"
)

// Challenge is a random number that one side sends the other, and Credential the
// proof that it is known how to encrypt it ([MS-NRPC] section 2.2.1.3.4).
type (
	Challenge  [8]byte
	Credential [8]byte
)

// Weak reports that the first five bytes are alike. Somebody without the key can
// guess the credential of such a challenge with a chance of 1 in 256; Windows
// refuses them as well ([MS-NRPC] section 3.1.4.1).
func (c Challenge) Weak() bool {
	for _, b := range c[1:5] {
		if b != c[0] {
			return false
		}
	}
	return true
}

// Resembles reports that the first three bytes are the same, as are those of one in
// 2^24 pairs of random challenges. In CFB8 with an initial value of zero, credentials
// under one key begin alike as far as the challenges do, and the byte after that
// differs as those of the challenges do. So who sends back most of a client's
// challenge can make most of his credential out of the client's.
func (c Challenge) Resembles(other Challenge) bool { return [3]byte(c[:3]) == [3]byte(other[:3]) }

// SessionKey makes the key that two sides share who know the NT hash of the
// machine's password ([MS-NRPC] section 3.1.4.3.1).
func SessionKey(secret ntlmssp.Key, client, server Challenge) ntlmssp.Key {
	h := hmac.New(sha256.New, secret[:])
	h.Write(client[:])
	h.Write(server[:])
	return ntlmssp.Key(h.Sum(nil)[:aes.BlockSize])
}

// CredentialOf encrypts a challenge with the session key ([MS-NRPC] section
// 3.1.4.4.1). The initial value is zero.
func CredentialOf(key ntlmssp.Key, c Challenge) Credential {
	newCFB8(cipherOf(key), [aes.BlockSize]byte{}).encrypt(c[:])
	return Credential(c)
}

// Equal compares in constant time.
func (c Credential) Equal(other Credential) bool {
	return subtle.ConstantTimeCompare(c[:], other[:]) == 1
}

func cipherOf(key ntlmssp.Key) cipher.Block {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("ssp: " + err.Error()) // only for keys of another size
	}
	return block
}
