package passhash

import (
	"strings"

	"github.com/go-crypt/x/crypt"
)

// SHA1-crypt is NetBSD's scheme by Simon Gerraty, $sha1$ in crypt(5): HMAC-SHA1
// with the password as key, run over itself. The hashing is go-crypt's.

const (
	sha1DigestLen = 21      // bytes: 20 and, to fill the last group, the first again
	maxSHA1Rounds = 1 << 28 // a minute or two; the usual number is about 2^18
)

// parseSHA1Crypt reads rounds$salt$digest. No rounds count as one, as in
// libxcrypt.
func parseSHA1Crypt(body string) (Hash, error) {
	const k = kindSHA1Crypt
	n, rest, ok := number(body)
	if !ok || rest == "" || rest[0] != '$' {
		return Hash{}, k.bad(whyRounds)
	}
	if err := k.within(whatRounds, n, 0, maxSHA1Rounds); err != nil {
		return Hash{}, err
	}
	var sum [sha1DigestLen]byte
	salt, digest, ok := strings.Cut(rest[1:], "$")
	switch {
	case !ok:
		return Hash{}, k.bad(whyForm)
	case salt == "" || len(salt) > maxLongSalt || !hash64.all(salt):
		return Hash{}, k.bad(whySalt)
	case !hash64.fillLittle(sum[:], digest):
		return Hash{}, k.bad(whyDigest)
	}
	return Hash{kind: k, rounds: n, salt: salt, digest: digest}, nil
}

func verifySHA1Crypt(h *Hash, password []byte) bool {
	return equalText(h.digest, crypt.KeySHA1Crypt(password, []byte(h.salt), h.rounds))
}
