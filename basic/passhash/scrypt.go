package passhash

import (
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Scrypt is RFC 7914 in the form of crypt(5), $7$, which libsodium writes too:
// log2 of N as one digit, r and p as five digits each with the lowest first,
// and a salt that is hashed as it stands. The key derivation is
// golang.org/x/crypto's; no library reads the form.

const (
	scryptNumberLen = 5                     // digits, 30 bits
	scryptFixedLen  = 1 + 2*scryptNumberLen // N, r and p
	minScryptLog2   = 2                     // libxcrypt refuses 1
	maxScryptLog2   = 23                    // with r of 1 that is maxHashMemory
	maxScryptBlock  = 256                   // 8 and 32 are usual; keeps p·r small beside N·r
	maxScryptLanes  = 32                    // 1 is usual; p multiplies the time, 1 to 3 s at maxHashMemory
)

// parseScrypt reads N r p salt$digest, the first four with nothing between.
func parseScrypt(body string) (Hash, error) {
	const k = kindScrypt
	if len(body) < scryptFixedLen {
		return Hash{}, k.bad(whyForm)
	}
	log2 := uint32(hash64.value(body[0]))
	r, okR := digits30(body[1 : 1+scryptNumberLen])
	p, okP := digits30(body[1+scryptNumberLen : scryptFixedLen])
	if log2 == noDigit || !okR || !okP {
		return Hash{}, k.bad(whyForm)
	}
	if err := k.within(whatN, log2, minScryptLog2, maxScryptLog2); err != nil {
		return Hash{}, err
	}
	if err := k.within(whatR, r, 1, maxScryptBlock); err != nil {
		return Hash{}, err
	}
	if err := k.within(whatP, p, 1, maxScryptLanes); err != nil {
		return Hash{}, err
	}
	if blockMemory(log2, r) > maxHashMemory {
		return Hash{}, k.bad(whyMemory)
	}
	// The salt may hold dollar signs: the digest follows the last.
	rest := body[scryptFixedLen:]
	end := strings.LastIndexByte(rest, '$')
	if end < 0 {
		return Hash{}, k.bad(whyForm)
	}
	salt, digest := rest[:end], rest[end+1:]
	if len(salt) > maxLongSalt || !scryptSaltSafe(salt) {
		return Hash{}, k.bad(whySalt)
	}
	var sum [yescryptSumSize]byte
	if !hash64.fillLittle(sum[:], digest) {
		return Hash{}, k.bad(whyDigest)
	}
	return Hash{kind: k, log2: uint8(log2), block: r, lanes: uint8(p), salt: salt, digest: digest}, nil
}

// digits30 reads a number in base 64, lowest digit first.
func digits30(s string) (n uint32, ok bool) {
	for i := range len(s) {
		v := hash64.value(s[i])
		if v == noDigit {
			return 0, false
		}
		n |= uint32(v) << (6 * i)
	}
	return n, true
}

// scryptSaltSafe reports whether libxcrypt takes the salt.
func scryptSaltSafe(salt string) bool {
	for i := range len(salt) {
		if salt[i] != '$' && hash64.value(salt[i]) == noDigit {
			return false
		}
	}
	return true
}

func verifyScrypt(h *Hash, password []byte) bool {
	sum, err := scrypt.Key(password, []byte(h.salt), 1<<h.log2, int(h.block), int(h.lanes), yescryptSumSize)
	return err == nil && equalYescrypt(h.digest, sum)
}
