package passhash

import (
	"crypto/md5"
	"crypto/subtle"
	"strings"
)

// MD5-crypt is Poul-Henning Kamp's scheme of FreeBSD 2.0, "$1$" in crypt(5).
// Apache's htpasswd writes the same with another magic string, "$apr1$", which
// goes into the hash. No library takes the second, so one function does both.

const (
	maxMD5CryptSalt = 8    // crypt(5): up to 8 characters; more are cut off, and never match
	md5CryptRounds  = 1000 // fixed in the format
)

// parseMD5Crypt reads salt$digest. The salt may hold any character: the C
// helper's own MD5-crypt does not look at it either.
func parseMD5Crypt(k kind, body string) (Hash, error) {
	var sum [md5.Size]byte
	salt, digest, ok := strings.Cut(body, "$")
	switch {
	case !ok:
		return Hash{}, k.bad(whyForm)
	case len(salt) > maxMD5CryptSalt:
		return Hash{}, k.bad(whySalt)
	case !hash64.fillLittle(sum[:], digest):
		return Hash{}, k.bad(whyDigest)
	}
	return Hash{kind: k, salt: salt, digest: digest}, nil
}

func verifyMD5Crypt(h *Hash, password []byte) bool {
	magic := "$1$"
	if h.kind == kindAPR1 {
		magic = "$apr1$"
	}
	return equalMD5(h.digest, md5Crypt(magic, h.salt, password))
}

// equalMD5 compares a sum with a digest as MD5-crypt and Sun MD5 write it:
// permuted, in 22 characters.
func equalMD5(digest string, sum [md5.Size]byte) bool {
	var want [md5.Size]byte
	if !hash64.fillLittle(want[:], digest) {
		return false
	}
	order := [md5.Size]byte{12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11}
	var got [md5.Size]byte
	for i, from := range order {
		got[i] = sum[from]
	}
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// md5Crypt computes the hash. Every step is one md5.Sum over a message put
// together in one buffer, which is faster than to feed the hash in pieces.
func md5Crypt(magic, salt string, password []byte) [md5.Size]byte {
	buf := make([]byte, 0, 2*len(password)+len(magic)+len(salt)+md5.Size+16)
	buf = append(buf, password...)
	buf = append(buf, salt...)
	buf = append(buf, password...)
	sum := md5.Sum(buf)

	buf = append(buf[:0], password...)
	buf = append(buf, magic...)
	buf = append(buf, salt...)
	for n := len(password); n > 0; n -= md5.Size {
		buf = append(buf, sum[:min(n, md5.Size)]...)
	}
	// A slip of the first implementation that has been the format ever since:
	// for each bit of the length a NUL or the password's first byte.
	for n := len(password); n > 0; n >>= 1 {
		if n&1 != 0 {
			buf = append(buf, 0)
		} else {
			buf = append(buf, password[0])
		}
	}
	sum = md5.Sum(buf)

	for i := range md5CryptRounds {
		head, tail := sum[:], password
		if i&1 != 0 {
			head, tail = tail, head
		}
		buf = append(buf[:0], head...)
		if i%3 != 0 {
			buf = append(buf, salt...)
		}
		if i%7 != 0 {
			buf = append(buf, password...)
		}
		buf = append(buf, tail...)
		sum = md5.Sum(buf)
	}
	return sum
}
