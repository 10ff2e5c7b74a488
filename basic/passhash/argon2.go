package passhash

import (
	"crypto/subtle"
	"strings"

	"github.com/go-crypt/x/argon2"
)

// Argon2 is RFC 9106 in the PHC string format of its authors' encoder:
//
//	$argon2id$v=19$m=65536,t=3,p=4$salt$digest
//
// The key derivation is go-crypt's, which unlike golang.org/x/crypto has
// argon2d as well.

const (
	// The lengths are those of the PHC string format specification.
	minArgon2Salt, maxArgon2Salt = 8, 48  // bytes
	minArgon2Sum, maxArgon2Sum   = 12, 64 // bytes

	maxArgon2Memory = maxHashMemory / 1024 // KiB
	maxArgon2Passes = 1 << 20              // 2 to 4 are usual
	maxArgon2Lanes  = 128                  // a goroutine each; 1 to 8 are usual
	minArgon2Lane   = 8                    // KiB a lane, RFC 9106 section 3.1

	// maxArgon2Work bounds the time: passes times KiB, 32 times through
	// maxHashMemory, which is half a minute to a minute.
	maxArgon2Work = 32 * maxArgon2Memory
)

// parseArgon2 reads v=19$m=M,t=T,p=P$salt$digest.
func parseArgon2(k kind, body string) (Hash, error) {
	rest, ok := strings.CutPrefix(body, "v=19$")
	if !ok {
		return Hash{}, k.bad(whyVersion)
	}
	params, rest, ok := strings.Cut(rest, "$")
	if !ok {
		return Hash{}, k.bad(whyForm)
	}
	h, err := parseArgon2Cost(k, params)
	if err != nil {
		return Hash{}, err
	}
	h.salt, h.digest, ok = strings.Cut(rest, "$")
	if !ok {
		return Hash{}, k.bad(whyForm)
	}
	var raw [maxArgon2Sum]byte
	if n, ok := std64.decodeBig(raw[:maxArgon2Salt], h.salt); !ok || n < minArgon2Salt {
		return Hash{}, k.bad(whySalt)
	}
	if n, ok := std64.decodeBig(raw[:], h.digest); !ok || n < minArgon2Sum {
		return Hash{}, k.bad(whyDigest)
	}
	return h, nil
}

// parseArgon2Cost reads m=M,t=T,p=P. The optional keyid and data are not
// supported: the first needs a secret that we have no way to get.
func parseArgon2Cost(k kind, params string) (Hash, error) {
	m, t, p := uint32(0), uint32(0), uint32(0)
	for _, field := range [...]struct {
		name  string
		value *uint32
	}{{"m=", &m}, {",t=", &t}, {",p=", &p}} {
		given, ok := strings.CutPrefix(params, field.name)
		if !ok {
			return Hash{}, k.bad(whyForm)
		}
		if *field.value, params, ok = number(given); !ok {
			return Hash{}, k.bad(whyForm)
		}
	}
	if params != "" {
		return Hash{}, k.bad(whyForm)
	}
	if err := k.within(whatM, m, minArgon2Lane, maxArgon2Memory); err != nil {
		return Hash{}, err
	}
	if err := k.within(whatT, t, 1, maxArgon2Passes); err != nil {
		return Hash{}, err
	}
	if err := k.within(whatP, p, 1, maxArgon2Lanes); err != nil {
		return Hash{}, err
	}
	switch {
	case m < minArgon2Lane*p:
		return Hash{}, k.bad(whyLanes)
	case uint64(m)*uint64(t) > maxArgon2Work:
		return Hash{}, k.bad(whyTime)
	}
	return Hash{kind: k, block: m, rounds: t, lanes: uint8(p)}, nil
}

func verifyArgon2(h *Hash, password []byte) bool {
	var salt [maxArgon2Salt]byte
	var want [maxArgon2Sum]byte
	saltLen, okSalt := std64.decodeBig(salt[:], h.salt)
	sumLen, okSum := std64.decodeBig(want[:], h.digest)
	if !okSalt || !okSum || saltLen < minArgon2Salt || sumLen < minArgon2Sum {
		return false
	}
	derive := argon2.IDKey
	switch h.kind {
	case kindArgon2d:
		derive = argon2.DKey
	case kindArgon2i:
		derive = argon2.IKey
	}
	got := derive(password, salt[:saltLen], h.rounds, h.block, uint32(h.lanes), uint32(sumLen))
	return subtle.ConstantTimeCompare(got, want[:sumLen]) == 1
}
