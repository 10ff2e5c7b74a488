package kerberos

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/enctype"
)

// Key usages (RFC 4120 section 7.5.1, RFC 4121 section 2).
const (
	usageTicket        = 2
	usageAuthenticator = 11
	usageAPRep         = 12
	usageAcceptorSign  = 23
	usageInitiatorSign = 25
)

// cipher is a key and the keys derived from it, each derived once (RFC 3961
// section 5.3). It may be used from several goroutines.
type cipher struct {
	key   types.EncryptionKey
	etype etype.EType

	mu      sync.Mutex
	derived map[[5]byte][]byte
}

var errKey = errors.New("the key is not of its encryption type")

func newCipher(key types.EncryptionKey) (*cipher, error) {
	switch {
	case !enctype.Known(key.KeyType):
		return nil, fmt.Errorf("%s is not supported", enctype.Name(key.KeyType))
	case !enctype.Usable(key):
		return nil, errKey
	}
	e, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		return nil, err
	}
	return &cipher{key: key, etype: e, derived: map[[5]byte][]byte{}}, nil
}

// The last byte of a derivation constant says what the key is for.
const (
	deriveEncryption = 0xAA
	deriveIntegrity  = 0x55
	deriveChecksum   = 0x99
)

func (c *cipher) derive(usage uint32, what byte) ([]byte, error) {
	constant := [5]byte{byte(usage >> 24), byte(usage >> 16), byte(usage >> 8), byte(usage), what}
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.derived[constant]; ok {
		return k, nil
	}
	k, err := c.etype.DeriveKey(c.key.KeyValue, constant[:])
	if err == nil {
		c.derived[constant] = k
	}
	return k, err
}

var errIntegrity = errors.New("integrity check failed")

// decrypt returns the plain text of an EncryptedData's cipher.
func (c *cipher) decrypt(usage uint32, ciphertext []byte) ([]byte, error) {
	macLen, confounder := c.etype.GetHMACBitLength()/8, c.etype.GetConfounderByteSize()
	if len(ciphertext) < macLen+confounder {
		return nil, errIntegrity
	}
	if c.key.KeyType == etypeID.RC4_HMAC {
		return c.etype.DecryptMessage(c.key.KeyValue, ciphertext, usage)
	}
	ke, err := c.derive(usage, deriveEncryption)
	if err != nil {
		return nil, err
	}
	body, mac := ciphertext[:len(ciphertext)-macLen], ciphertext[len(ciphertext)-macLen:]
	if c.macsCiphertext() { // RFC 8009 section 5.2
		if err := c.check(usage, mac, make([]byte, confounder), body); err != nil {
			return nil, err
		}
	}
	plain, err := c.etype.DecryptData(ke, body)
	if err != nil {
		return nil, err
	}
	if !c.macsCiphertext() { // RFC 3961 section 5.3
		if err := c.check(usage, mac, plain); err != nil {
			return nil, err
		}
	}
	return plain[confounder:], nil
}

// macsCiphertext tells RFC 8009, which computes the checksum of the cipher text,
// from RFC 3962, which computes that of the plain text.
func (c *cipher) macsCiphertext() bool {
	return c.key.KeyType == etypeID.AES128_CTS_HMAC_SHA256_128 || c.key.KeyType == etypeID.AES256_CTS_HMAC_SHA384_192
}

func (c *cipher) check(usage uint32, mac []byte, parts ...[]byte) error {
	want, err := c.mac(usage, deriveIntegrity, parts...)
	if err != nil {
		return err
	}
	if !hmac.Equal(mac, want) {
		return errIntegrity
	}
	return nil
}

// mac computes the truncated HMAC of the parts, one after the other.
func (c *cipher) mac(usage uint32, what byte, parts ...[]byte) ([]byte, error) {
	k, err := c.derive(usage, what)
	if err != nil {
		return nil, err
	}
	h := hmac.New(c.etype.GetHashFunc(), k)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)[:c.etype.GetHMACBitLength()/8], nil
}

// encrypt returns the EncryptedData of plain. The confounder is read from random.
func (c *cipher) encrypt(random io.Reader, usage uint32, plain []byte) (types.EncryptedData, error) {
	enc := types.EncryptedData{EType: c.key.KeyType}
	if c.key.KeyType == etypeID.RC4_HMAC {
		var err error
		_, enc.Cipher, err = c.etype.EncryptMessage(c.key.KeyValue, plain, usage)
		return enc, err
	}
	confounder := c.etype.GetConfounderByteSize()
	data := make([]byte, confounder+len(plain))
	if _, err := io.ReadFull(random, data[:confounder]); err != nil {
		return enc, err
	}
	copy(data[confounder:], plain)
	ke, err := c.derive(usage, deriveEncryption)
	if err != nil {
		return enc, err
	}
	_, body, err := c.etype.EncryptData(ke, data)
	if err != nil {
		return enc, err
	}
	checked := [][]byte{data}
	if c.macsCiphertext() {
		checked = [][]byte{make([]byte, confounder), body}
	}
	mac, err := c.mac(usage, deriveIntegrity, checked...)
	enc.Cipher = append(body, mac...)
	return enc, err
}
