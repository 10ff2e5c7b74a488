package passhash

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"strings"

	"github.com/go-crypt/x/crypt"
)

// SHA-crypt is Ulrich Drepper's scheme, "Unix crypt using SHA-256 and
// SHA-512", version 0.6: $5$ and $6$ in crypt(5). The hashing is go-crypt's.

const (
	maxSHASalt       = 16          // characters; Drepper: more are cut off, and never match
	defaultSHARounds = 5000        // where the string does not say "rounds="
	minSHARounds     = 1000        // Drepper: less is raised to this, and never matches
	maxSHARounds     = 999_999_999 // Drepper, likewise; minutes of work, but as libxcrypt has it
)

// parseSHACrypt reads [rounds=N$]salt$digest.
func parseSHACrypt(k kind, body string) (Hash, error) {
	h := Hash{kind: k, rounds: defaultSHARounds}
	if given, ok := strings.CutPrefix(body, "rounds="); ok {
		n, rest, ok := number(given)
		if !ok || rest == "" || rest[0] != '$' {
			return Hash{}, k.bad(whyRounds)
		}
		if err := k.within(whatRounds, n, minSHARounds, maxSHARounds); err != nil {
			return Hash{}, err
		}
		h.rounds, body = n, rest[1:]
	}
	var sum [sha512.Size]byte
	size := sha256.Size
	if k == kindSHA512Crypt {
		size = sha512.Size
	}
	var ok bool
	h.salt, h.digest, ok = strings.Cut(body, "$")
	switch {
	case !ok:
		return Hash{}, k.bad(whyForm)
	case len(h.salt) > maxSHASalt || !passwdSafe(h.salt):
		return Hash{}, k.bad(whySalt)
	case !hash64.fillLittle(sum[:size], h.digest):
		return Hash{}, k.bad(whyDigest)
	}
	return h, nil
}

// passwdSafe reports whether s holds only characters that crypt(5) allows in a
// stored hash; libxcrypt computes nothing from others.
func passwdSafe(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`!*:;\`, s[i]) >= 0 {
			return false
		}
	}
	return true
}

func verifySHACrypt(h *Hash, password []byte) bool {
	hasher := sha256.New
	if h.kind == kindSHA512Crypt {
		hasher = sha512.New
	}
	text := crypt.KeySHACrypt(hasher, password, []byte(h.salt), int(h.rounds))
	return equalText(h.digest, text)
}

// equalText compares a stored digest with the text a library computed.
func equalText(digest string, text []byte) bool {
	return subtle.ConstantTimeCompare([]byte(digest), text) == 1
}
