package ssp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"

	"squidauth/ntlm/ntlmssp"
)

var (
	errSignature = errors.New("netlogon: the seal of an answer is not the domain controller's")
	errToken     = errors.New("netlogon: the domain controller does not take up the secure channel")
)

// NL_AUTH_SHA2_SIGNATURE ([MS-NRPC] section 2.2.1.3.3): algorithms, sequence number,
// checksum, confounder, and bytes without a meaning.
const (
	SignatureSize = 56

	sequenceAt   = 8
	checksumAt   = 16
	confounderAt = 24
	reservedAt   = 32
)

// algorithms says HMAC-SHA256 and AES-128.
var algorithms = [8]byte{0x13, 0x00, 0x1a, 0x00, 0xff, 0xff, 0x00, 0x00}

// AuthType is RPC_C_AUTHN_NETLOGON ([MS-RPCE] section 2.2.1.1.7).
const AuthType = 68

// Names are those of a machine in the token by which it names the session to the
// domain controller.
type Names struct {
	Domain   string // NetBIOS name
	Computer string // NetBIOS name, without $
}

// Context is one side of a sealed connection ([MS-NRPC] section 3.3.4.2). It is for
// use by one goroutine.
type Context struct {
	names    Names
	acceptor bool // the domain controller's side
	key      ntlmssp.Key
	signer   cipher.Block
	sealer   cipher.Block
	sequence uint64 // of the next message of either side
}

// Initiate returns the side of the machine.
func Initiate(key ntlmssp.Key, names Names) *Context {
	return &Context{names: names, key: key, signer: cipherOf(key), sealer: cipherOf(sealingKey(key))}
}

// Accept returns the side of the domain controller.
func Accept(key ntlmssp.Key) *Context {
	c := Initiate(key, Names{})
	c.acceptor = true
	return c
}

// sealingKey is the key of [MS-NRPC] section 3.3.4.2.1, step 7.
func sealingKey(key ntlmssp.Key) ntlmssp.Key {
	for i := range key {
		key[i] ^= 0xf0
	}
	return key
}

// AuthType implements rpc.Security.
func (c *Context) AuthType() byte { return AuthType }

// VerifierSize implements rpc.Security.
func (c *Context) VerifierSize() int { return SignatureSize }

// Token returns the NL_AUTH_MESSAGE of a bind ([MS-NRPC] section 2.2.1.3.1): a
// negotiate request with the NetBIOS names of domain and computer in OEM
// characters, which for such names are ASCII.
func (c *Context) Token() []byte {
	const negotiate, domainAndComputer = 0, 0x1 | 0x2
	b := binary.LittleEndian.AppendUint32(nil, negotiate)
	b = binary.LittleEndian.AppendUint32(b, domainAndComputer)
	b = append(append(b, c.names.Domain...), 0)
	return append(append(b, c.names.Computer...), 0)
}

// Established takes the NL_AUTH_MESSAGE that answers a bind. It proves nothing.
func (c *Context) Established(token []byte) error {
	const response, size = 1, 8
	if len(token) < size || binary.LittleEndian.Uint32(token) != response {
		return errToken
	}
	return nil
}

// Seal encrypts data in place and returns the signature ([MS-NRPC] section
// 3.3.4.2.1).
func (c *Context) Seal(data []byte) []byte {
	sequence := c.next(c.acceptor)
	signature := make([]byte, SignatureSize)
	copy(signature, algorithms[:])
	confounder := signature[confounderAt:reservedAt]
	rand.Read(confounder)
	checksum := c.checksum(confounder, data)
	copy(signature[checksumAt:], checksum[:])

	stream := newCFB8(c.sealer, twice(sequence))
	stream.encrypt(confounder)
	stream.encrypt(data)
	newCFB8(c.signer, twice(checksum)).encrypt(sequence[:])
	copy(signature[sequenceAt:], sequence[:])
	return signature
}

// Unseal decrypts data in place, and checks that it is the other side's next
// message ([MS-NRPC] section 3.3.4.2.2). After an error the data means nothing.
func (c *Context) Unseal(data, signature []byte) error {
	if len(signature) != SignatureSize || [8]byte(signature) != algorithms {
		return errSignature
	}
	checksum := [8]byte(signature[checksumAt:])
	sequence := [8]byte(signature[sequenceAt:])
	newCFB8(c.signer, twice(checksum)).decrypt(sequence[:])
	want := c.next(!c.acceptor)

	confounder := [8]byte(signature[confounderAt:])
	stream := newCFB8(c.sealer, twice(want))
	stream.decrypt(confounder[:])
	stream.decrypt(data)
	sum := c.checksum(confounder[:], data)
	inSequence := subtle.ConstantTimeCompare(sequence[:], want[:])
	if inSequence&subtle.ConstantTimeCompare(checksum[:], sum[:]) != 1 {
		return errSignature
	}
	return nil
}

// next counts the messages of both sides and returns the sequence number of this
// one as it is sent: two big-endian halves, the low one first, with a bit for the
// direction.
func (c *Context) next(fromAcceptor bool) (number [8]byte) {
	high := uint32(c.sequence >> 32)
	if !fromAcceptor {
		high |= 0x80000000
	}
	binary.BigEndian.PutUint32(number[:4], uint32(c.sequence))
	binary.BigEndian.PutUint32(number[4:], high)
	c.sequence++
	return number
}

func (c *Context) checksum(confounder, data []byte) (sum [8]byte) {
	h := hmac.New(sha256.New, c.key[:])
	h.Write(algorithms[:])
	h.Write(confounder)
	h.Write(data)
	copy(sum[:], h.Sum(nil))
	return sum
}

// twice makes an initial value of a number.
func twice(number [8]byte) (iv [aes.BlockSize]byte) {
	copy(iv[:8], number[:])
	copy(iv[8:], number[:])
	return iv
}
