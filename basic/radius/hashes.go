package radius

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/subtle"
	"hash"

	"squidauth/protocol"
)

// hashes are the sums that a shared secret takes part in. They are kept, since making
// them anew costs more than a request. One goroutine may use them at a time.
type hashes struct {
	secret protocol.Secret
	key    []byte
	plain  hash.Hash // MD5
	mac    hash.Hash // HMAC-MD5 with the secret
	sum    authenticator
}

// setSecret makes the hashes those of a secret, if they are not.
func (h *hashes) setSecret(secret protocol.Secret) {
	if h.plain != nil && h.secret == secret {
		return
	}
	h.secret, h.key = secret, []byte(secret)
	h.plain, h.mac = md5.New(), hmac.New(md5.New, h.key)
}

// blockSize is that of a hidden password.
const blockSize = 16

// maxPassword is the longest password in bytes (RFC 2865 section 5.2).
const maxPassword = 128

// appendHidden appends a password as RFC 2865 section 5.2 hides it: padded with NUL to
// blocks, each XORed with MD5 over the secret and the block before it, the first over
// the secret and the Request Authenticator. The password has 1 to 128 bytes.
func (h *hashes) appendHidden(dst []byte, password protocol.Secret, a *authenticator) []byte {
	before := a[:]
	for len(password) > 0 {
		h.plain.Reset()
		h.plain.Write(h.key)
		h.plain.Write(before)
		n := len(dst)
		dst = h.plain.Sum(dst)
		block := dst[n:]
		for i := range min(len(password), blockSize) {
			block[i] ^= password[i]
		}
		before, password = block, password[min(len(password), blockSize):]
	}
	return dst
}

// responseFits reports whether a packet's Authenticator is the Response Authenticator
// that answers a request: MD5 over code, identifier, length, the Request Authenticator,
// the attributes and the secret (RFC 2865 section 3).
func (h *hashes) responseFits(packet []byte, request *authenticator) bool {
	h.plain.Reset()
	h.plain.Write(packet[:authenticatorAt])
	h.plain.Write(request[:])
	h.plain.Write(packet[headerSize:])
	h.plain.Write(h.key)
	return subtle.ConstantTimeCompare(h.plain.Sum(h.sum[:0]), packet[authenticatorAt:headerSize]) == 1
}

// sign returns the Message-Authenticator of a packet whose value of it is at an
// offset, with a as the Authenticator field: HMAC-MD5 over the whole packet with that
// value as NULs (RFC 3579 section 3.2). It stands until the next call.
func (h *hashes) sign(packet []byte, at int, a *authenticator) []byte {
	h.mac.Reset()
	h.mac.Write(packet[:authenticatorAt])
	h.mac.Write(a[:])
	h.mac.Write(packet[headerSize:at])
	h.mac.Write(noAuthenticator[:])
	h.mac.Write(packet[at+authenticatorSize:])
	return h.mac.Sum(h.sum[:0])
}

// noAuthenticator is written, and never written to.
var noAuthenticator authenticator
