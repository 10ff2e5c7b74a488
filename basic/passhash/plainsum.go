package passhash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/subtle"
	"strings"

	//lint:ignore SA1019 the NT hash is MD4, whatever one thinks of it.
	"golang.org/x/crypto/md4"
)

// The forms in this file are one run of a common hash function.

const (
	md5HexLen   = 2 * md5.Size
	maxSSHASalt = 64 // bytes; 4, 8 and 16 are usual
)

// parseMD5Hex reads the form that basic_ncsa_auth takes and no crypt(3) does:
// the MD5 sum of the password in lower-case hexadecimal. The caller has
// checked the length.
func parseMD5Hex(stored string) (Hash, error) {
	var sum [md5.Size]byte
	switch {
	case decodeHex(sum[:], stored):
		return Hash{kind: kindMD5Hex, digest: stored}, nil
	case decodeHex(sum[:], strings.ToLower(stored)):
		return Hash{}, errUpperHex
	}
	return Hash{}, errPlain
}

func verifyMD5Hex(h *Hash, password []byte) bool {
	var want [md5.Size]byte
	got := md5.Sum(password)
	return decodeHex(want[:], h.digest) && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// parseNT reads $3$$ and MD4 in lower-case hexadecimal: crypt(5), NTHASH.
func parseNT(body string) (Hash, error) {
	var sum [md4.Size]byte
	digest, ok := strings.CutPrefix(body, "$")
	if !ok || !decodeHex(sum[:], digest) {
		return Hash{}, kindNT.bad(whyDigest)
	}
	return Hash{kind: kindNT, digest: digest}, nil
}

// verifyNT takes each byte of the password for a character of ISO 8859-1, as
// libxcrypt does: a UTF-8 password outside ASCII so has a hash other than the
// one that Windows stores.
func verifyNT(h *Hash, password []byte) bool {
	wide := make([]byte, 2*len(password))
	for i, c := range password {
		wide[2*i] = c
	}
	sum := md4.New()
	sum.Write(wide)
	var want, got [md4.Size]byte
	sum.Sum(got[:0])
	return decodeHex(want[:], h.digest) && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// parseBraces reads RFC 2307's {SHA} (also htpasswd -s) and the salted {SSHA}
// of LDAP servers. The name's case does not matter: RFC 2307 section 5.3 goes
// by LDAP's rules.
func parseBraces(stored string) (Hash, error) {
	var raw [sha1.Size + maxSSHASalt]byte
	name, text, ok := strings.Cut(stored[1:], "}")
	switch {
	case ok && strings.EqualFold(name, "SHA"):
		if n, ok := decodePadded(raw[:], text); !ok || n != sha1.Size {
			return Hash{}, kindSHA1.bad(whyDigest)
		}
		return Hash{kind: kindSHA1, digest: text}, nil
	case ok && strings.EqualFold(name, "SSHA"):
		if n, ok := decodePadded(raw[:], text); !ok || n <= sha1.Size {
			return Hash{}, kindSSHA.bad(whyDigest)
		}
		return Hash{kind: kindSSHA, digest: text}, nil
	}
	return Hash{}, errBraces
}

// decodePadded decodes RFC 4648 base64 with its padding.
func decodePadded(dst []byte, src string) (n int, ok bool) {
	if len(src)%4 != 0 {
		return 0, false
	}
	src, twice := strings.CutSuffix(src, "==")
	if !twice {
		src = strings.TrimSuffix(src, "=")
	}
	return std64.decodeBig(dst, src)
}

func verifySHA1(h *Hash, password []byte) bool {
	var want [sha1.Size]byte
	n, ok := decodePadded(want[:], h.digest)
	got := sha1.Sum(password)
	return ok && n == len(want) && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

func verifySSHA(h *Hash, password []byte) bool {
	var raw [sha1.Size + maxSSHASalt]byte
	n, ok := decodePadded(raw[:], h.digest)
	if !ok || n <= sha1.Size {
		return false
	}
	sum := sha1.New()
	sum.Write(password)
	sum.Write(raw[sha1.Size:n])
	var got [sha1.Size]byte
	sum.Sum(got[:0])
	return subtle.ConstantTimeCompare(got[:], raw[:sha1.Size]) == 1
}
