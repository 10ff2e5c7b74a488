package ntlmssp

import (
	"crypto/md5"
	"crypto/rc4"
	"errors"
)

// A Side is who signs.
type Side byte

// The sides.
const (
	ClientSide Side = iota
	ServerSide
)

// The magic constants of [MS-NLMP] sections 3.4.5.2 and 3.4.5.3, by side.
var (
	signMagic = [...]string{
		ClientSide: "session key to client-to-server signing key magic constant\x00",
		ServerSide: "session key to server-to-client signing key magic constant\x00",
	}
	sealMagic = [...]string{
		ClientSide: "session key to client-to-server sealing key magic constant\x00",
		ServerSide: "session key to server-to-client sealing key magic constant\x00",
	}
)

var errNoSigning = errors.New("the client did not negotiate signing, with extended session security")

// FirstSignature returns the signature of the first message that a side signs, of
// sequence number 0, with the session key k ([MS-NLMP] section 3.4.4.2). The flags are
// those of AUTHENTICATE.
func (k Key) FirstSignature(side Side, f Flags, message []byte) (signature [16]byte, err error) {
	if !f.Has(NegotiateSign | NegotiateExtendedSessionSecurity) {
		return signature, errNoSigning
	}
	const version, sequence = "\x01\x00\x00\x00", "\x00\x00\x00\x00"
	sum := hmacMD5(k.derive(signMagic[side], len(k)), []byte(sequence), message)
	copy(signature[:4], version)
	copy(signature[4:12], sum[:8])
	if f.Has(NegotiateKeyExch) {
		seal := k.derive(sealMagic[side], f.sealed())
		c, err := rc4.NewCipher(seal[:])
		if err != nil {
			return [16]byte{}, err
		}
		c.XORKeyStream(signature[4:12], signature[4:12])
	}
	return signature, nil
}

// derive makes a key for a purpose of the first bytes of a session key.
func (k Key) derive(magic string, length int) Key {
	return md5.Sum(append(append([]byte(nil), k[:length]...), magic...))
}

// sealed is how much of a session key the key that seals is made of, in bytes.
func (f Flags) sealed() int {
	switch {
	case f.Has(Negotiate128):
		return 16
	case f.Has(Negotiate56):
		return 7
	}
	return 5
}
