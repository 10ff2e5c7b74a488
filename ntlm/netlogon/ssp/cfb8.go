package ssp

import (
	"crypto/aes"
	"crypto/cipher"
)

// cfb8 is AES-128 in 8-bit cipher feedback mode (SP 800-38A section 6.3), which the
// standard library lacks. It keeps its state from call to call.
type cfb8 struct {
	block    cipher.Block
	register [aes.BlockSize]byte // the last bytes of ciphertext
	out      [aes.BlockSize]byte // of the cipher; here it is allocated once
}

func newCFB8(block cipher.Block, iv [aes.BlockSize]byte) *cfb8 {
	return &cfb8{block: block, register: iv}
}

// encrypt works in place.
func (c *cfb8) encrypt(data []byte) {
	for i := range data {
		data[i] ^= c.keyByte()
		c.shift(data[i])
	}
}

// decrypt works in place.
func (c *cfb8) decrypt(data []byte) {
	for i, b := range data {
		data[i] ^= c.keyByte()
		c.shift(b)
	}
}

func (c *cfb8) keyByte() byte {
	c.block.Encrypt(c.out[:], c.register[:])
	return c.out[0]
}

func (c *cfb8) shift(ciphertext byte) {
	copy(c.register[:], c.register[1:])
	c.register[aes.BlockSize-1] = ciphertext
}
