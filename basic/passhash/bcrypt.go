package passhash

import (
	"crypto/subtle"

	//lint:ignore SA1019 bcrypt is made of Blowfish, which is deprecated for encryption.
	"golang.org/x/crypto/blowfish"
)

// Bcrypt is described in "A Future-Adaptable Password Scheme" by Niels Provos
// and David Mazières, and its variants $2a$, $2b$ and $2y$ in crypt(5). The
// cipher, which is all of the work, is golang.org/x/crypto/blowfish; the dozen
// lines around it are ours and not that module's bcrypt package, because that
// one differs from libxcrypt in two points: it accepts salts with stray last
// bits, and it has no safety measure for $2a$ (see aliased).

const (
	bcryptKeySize  = 72 // bytes of the password that count: 18 words of Blowfish's P
	bcryptSaltLen  = 22 // characters, 16 bytes
	bcryptSumLen   = 31 // characters, 23 bytes: the last of 24 is left out
	bcryptBodyLen  = 3 + bcryptSaltLen + bcryptSumLen
	minBcryptCost  = 4  // libxcrypt
	maxBcryptCost  = 20 // each step doubles; 10 is 0.1 s, 20 some 100 s
	bcryptSaltSize = 16 // bytes
	bcryptSumSize  = 23 // bytes
	bcryptText     = "OrpheanBeholderScryDoubt"
)

// parseBcrypt reads cost$, two digits, salt and digest.
func parseBcrypt(k kind, body string) (Hash, error) {
	if len(body) != bcryptBodyLen || body[2] != '$' {
		return Hash{}, k.bad(whyForm)
	}
	tens, ones := uint32(body[0]-'0'), uint32(body[1]-'0')
	if tens > 9 || ones > 9 {
		return Hash{}, k.bad(whyForm)
	}
	cost := 10*tens + ones
	if err := k.within(whatCost, cost, minBcryptCost, maxBcryptCost); err != nil {
		return Hash{}, err
	}
	h := Hash{kind: k, log2: uint8(cost), salt: body[3 : 3+bcryptSaltLen], digest: body[3+bcryptSaltLen:]}
	var salt [bcryptSaltSize]byte
	if !bcrypt64.fillBig(salt[:], h.salt) {
		return Hash{}, k.bad(whySalt)
	}
	var sum [bcryptSumSize]byte
	if !bcrypt64.fillBig(sum[:], h.digest) {
		return Hash{}, k.bad(whyDigest)
	}
	return h, nil
}

func verifyBcrypt(h *Hash, password []byte) bool {
	var salt [bcryptSaltSize]byte
	var want [bcryptSumSize]byte
	if !bcrypt64.fillBig(salt[:], h.salt) || !bcrypt64.fillBig(want[:], h.digest) {
		return false
	}
	key := bcryptKey(password)
	first := key
	if h.kind == kindBcrypt2a && aliased(&key) {
		first[1] ^= 1 // bit 16 of the first word, in the first expansion only
	}
	c, err := blowfish.NewSaltedCipher(first[:], salt[:])
	if err != nil {
		return false
	}
	for range uint32(1) << h.log2 {
		blowfish.ExpandKey(key[:], c)
		blowfish.ExpandKey(salt[:], c)
	}
	got := []byte(bcryptText)
	for i := 0; i < len(got); i += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(got[i:], got[i:])
		}
	}
	return subtle.ConstantTimeCompare(got[:bcryptSumSize], want[:]) == 1
}

// bcryptKey repeats the password, with its terminating NUL, to the 72 bytes
// that the key schedule takes.
func bcryptKey(password []byte) (key [bcryptKeySize]byte) {
	for n := 0; n < len(key); n++ { // the step leaves the NUL
		n += copy(key[n:], password)
	}
	return key
}

// aliased reports whether libxcrypt takes its safety measure with a $2a$ hash
// of this key. An old bug made every byte of 0x80 and above overwrite those
// before it in its word with 0xff. So a password that has those 0xff already
// had the same hash as many others do under the bug, and as $2a$ strings may
// come from both times, libxcrypt keeps the two apart by flipping one bit.
// See the comment in BF_set_key of crypt_blowfish.
func aliased(key *[bcryptKeySize]byte) bool {
	overwrites := false
	for w := 0; w < len(key); w += 4 {
		for i := 1; i < 4; i++ {
			if key[w+i] < 0x80 {
				continue
			}
			overwrites = true
			for _, before := range key[w : w+i] {
				if before != 0xff {
					return false
				}
			}
		}
	}
	return overwrites
}
