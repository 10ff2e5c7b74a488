package passhash

import (
	"crypto/subtle"
	"strings"

	"github.com/openwall/yescrypt-go"
)

// Yescrypt is Solar Designer's scheme, $y$ in crypt(5). The key derivation is
// the reference author's own Go module. Its Hash function reads fewer forms
// than libxcrypt, so the string is read here, by the rules of
// yescrypt-common.c: a flavour, log2 of N less one and r less one as one
// digit each, the salt in base64.

const (
	// maxHashMemory bounds what one verification of yescrypt, scrypt or
	// argon2 may allocate: all that libxcrypt generates fits, and a typo can
	// not get the process killed. Callers that verify such hashes in parallel
	// have to reckon with it once for each.
	maxHashMemory = 1 << 30 // bytes

	yescryptFlavor   = 'j' // "defaults" of libxcrypt and all other writers
	yescryptSumSize  = 32  // bytes
	maxYescryptSalt  = 64  // bytes, yescrypt-common.c
	minYescryptLog2  = 2   // less fails in libxcrypt too
	maxYescryptLog2  = 23  // with r of 1 that is maxHashMemory
	maxYescryptBlock = 48  // more takes a second digit, and nothing writes it; 32 is usual
)

// parseYescrypt reads jNr$salt$digest.
func parseYescrypt(body string) (Hash, error) {
	const k = kindYescrypt
	params, rest, ok := strings.Cut(body, "$")
	if !ok || len(params) < 3 || !hash64.all(params) {
		return Hash{}, k.bad(whyForm)
	}
	if len(params) != 3 || params[0] != yescryptFlavor {
		return Hash{}, k.bad(whyFlavor)
	}
	log2, r := uint32(hash64.value(params[1]))+1, uint32(hash64.value(params[2]))+1
	if err := k.within(whatN, log2, minYescryptLog2, maxYescryptLog2); err != nil {
		return Hash{}, err
	}
	if err := k.within(whatR, r, 1, maxYescryptBlock); err != nil {
		return Hash{}, err
	}
	if blockMemory(log2, r) > maxHashMemory {
		return Hash{}, k.bad(whyMemory)
	}
	salt, digest, ok := strings.Cut(rest, "$")
	if !ok {
		return Hash{}, k.bad(whyForm)
	}
	var raw [maxYescryptSalt]byte
	if _, ok := hash64.decodeLittle(raw[:], salt); !ok {
		return Hash{}, k.bad(whySalt)
	}
	var sum [yescryptSumSize]byte
	if !hash64.fillLittle(sum[:], digest) {
		return Hash{}, k.bad(whyDigest)
	}
	return Hash{kind: k, log2: uint8(log2), block: r, salt: salt, digest: digest}, nil
}

// blockMemory is the number of bytes that scrypt and yescrypt fill: 128·r·N.
func blockMemory(log2, r uint32) uint64 { return 128 * uint64(r) << log2 }

func verifyYescrypt(h *Hash, password []byte) bool {
	var salt [maxYescryptSalt]byte
	n, ok := hash64.decodeLittle(salt[:], h.salt)
	if !ok {
		return false
	}
	sum, err := yescrypt.Key(password, salt[:n], 1<<h.log2, int(h.block), 1, yescryptSumSize)
	return err == nil && equalYescrypt(h.digest, sum)
}

// equalYescrypt compares a digest as yescrypt and scrypt write it with a sum.
func equalYescrypt(digest string, sum []byte) bool {
	var want [yescryptSumSize]byte
	return hash64.fillLittle(want[:], digest) && subtle.ConstantTimeCompare(want[:], sum) == 1
}
