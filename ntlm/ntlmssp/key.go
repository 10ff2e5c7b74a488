package ntlmssp

import (
	"crypto/des"
	"crypto/md5"
	"crypto/rc4"
	"fmt"
	"log/slog"

	//lint:ignore SA1019 the NT hash is MD4, whatever one thinks of it.
	"golang.org/x/crypto/md4"
)

// Key is a hash of a password, or a session key. Who has it needs no password:
// however it is printed or logged, it shows as "***".
type Key [16]byte

// Format implements fmt.Formatter, so that no verb prints the key.
func (Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, "***") }

// LogValue implements slog.LogValuer.
func (Key) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText keeps the key out of JSON and other encodings.
func (Key) MarshalText() ([]byte, error) { return []byte("***"), nil }

// NTOWFv1 returns the NT hash of a password, [MS-NLMP] section 3.3.1.
func NTOWFv1(password string) Key { return md4Sum(appendUTF16(nil, password)) }

// NTOWFv2 makes of an NT hash the key of NTLMv2 and LMv2, [MS-NLMP] section 3.3.2.
// Clients differ in how they spell the domain in it.
func (k Key) NTOWFv2(user, domain string) Key {
	return hmacMD5(k, appendUTF16(appendUTF16(nil, Upper(user)), domain))
}

// NTLMv1 returns the response to a challenge of who has the NT hash k, [MS-NLMP]
// section 3.3.1. With NTLM2 session security the challenge is that of
// NTLM2Challenge.
func (k Key) NTLMv1(challenge [8]byte) [24]byte { return desl(k, challenge) }

// SessionBaseKeyV1 returns the session key of a logon with the NT hash k, by NTLMv1
// or with NTLM2 session security.
func (k Key) SessionBaseKeyV1() Key { return md4Sum(k[:]) }

// NTLM2Challenge returns the challenge that a response with NTLM2 session security
// answers: the server's with the client's mixed in.
func NTLM2Challenge(server, client [8]byte) [8]byte {
	sum := md5.Sum(append(server[:], client[:]...))
	return [8]byte(sum[:])
}

// NTProof returns the first 16 bytes of an NTLMv2 response, which prove that the
// client has the key k = NTOWFv2 and made the blob behind them.
func (k Key) NTProof(challenge [8]byte, blob []byte) Key { return hmacMD5(k, challenge[:], blob) }

// SessionBaseKeyV2 returns the session key of a logon with that proof.
func (k Key) SessionBaseKeyV2(proof Key) Key { return hmacMD5(k, proof[:]) }

// LMv2 returns the LMv2 response of who has the key k = NTOWFv2.
func (k Key) LMv2(server, client [8]byte) [24]byte {
	proof := hmacMD5(k, server[:], client[:])
	return [24]byte(append(proof[:], client[:]...))
}

// ExchangeKey makes of a session base key the one that the client encrypts its own
// with, KXKEY of [MS-NLMP] section 3.4.5.1. The keys of LM are not supported, and a
// server that never sets the flags for them is never asked for any.
func (k Key) ExchangeKey(f Form, server [8]byte, lmResponse []byte) Key {
	if f == NTLM2Session && len(lmResponse) >= 8 {
		return hmacMD5(k, server[:], lmResponse[:8])
	}
	return k
}

// Exchanged decrypts the random session key of an AUTHENTICATE message with the
// exchange key k. Without one, k itself is the session key.
func (k Key) Exchanged(a *Authenticate) (Key, error) {
	switch {
	case !a.Flags.Has(NegotiateKeyExch) || len(a.EncryptedRandomSessionKey) == 0:
		return k, nil
	case len(a.EncryptedRandomSessionKey) != len(k):
		return Key{}, errSessionKey
	}
	return k.RC4(Key(a.EncryptedRandomSessionKey)), nil
}

// RC4 encrypts or decrypts a session key with the exchange key k.
func (k Key) RC4(key Key) (out Key) {
	c, err := rc4.NewCipher(k[:])
	if err != nil {
		panic("ntlmssp: " + err.Error()) // only for keys of another size
	}
	c.XORKeyStream(out[:], key[:])
	return out
}

func md4Sum(b []byte) Key {
	h := md4.New()
	h.Write(b)
	return Key(h.Sum(nil))
}

// hmacMD5 is HMAC with MD5 (RFC 2104). Package crypto/hmac keeps states for keys that
// are used again, which takes as long as the hashing of such short messages.
func hmacMD5(k Key, parts ...[]byte) Key {
	const ipad, opad = 0x36, 0x5c
	var pad [md5.BlockSize]byte
	copy(pad[:], k[:])
	for i := range pad {
		pad[i] ^= ipad
	}
	text := append(make([]byte, 0, 512), pad[:]...)
	for _, p := range parts {
		text = append(text, p...)
	}
	inner := md5.Sum(text)
	for i := range pad {
		pad[i] ^= ipad ^ opad
	}
	return md5.Sum(append(append(text[:0], pad[:]...), inner[:]...))
}

// desl encrypts the challenge with the three DES keys that k and five zero bytes
// make, DESL of [MS-NLMP] section 6.
func desl(k Key, challenge [8]byte) (out [24]byte) {
	var seven [21]byte
	copy(seven[:], k[:])
	for i := range 3 {
		c, err := des.NewCipher(desKey([7]byte(seven[7*i:])))
		if err != nil {
			panic("ntlmssp: " + err.Error()) // only for keys of another size
		}
		c.Encrypt(out[8*i:], challenge[:])
	}
	return out
}

// desKey spreads 56 bits over eight bytes, whose lowest bits DES ignores.
func desKey(seven [7]byte) []byte {
	var bits uint64
	for _, b := range seven {
		bits = bits<<8 | uint64(b)
	}
	key := make([]byte, 8)
	for i := range key {
		key[i] = byte(bits>>(49-7*i)) << 1
	}
	return key
}
