package passhash

import "strings"

// Parse recognises the form of a stored password and checks all of it, so that
// Verify can not fail later. It allocates nothing unless it fails.
//
// The error says in plain words why the string is not accepted. It never holds
// any part of the string but a cost parameter and the "$id$" of a known
// scheme, so it may be logged.
func Parse(stored string) (Hash, error) {
	if stored == "" {
		return Hash{}, errEmpty
	}
	switch stored[0] {
	case '$':
		return parseDollar(stored)
	case '{':
		return parseBraces(stored)
	case '!', '*':
		return Hash{}, errLocked
	case '_':
		return parseBSDi(stored)
	}
	switch len(stored) {
	case desLen:
		return parseDES(stored)
	case md5HexLen:
		return parseMD5Hex(stored)
	}
	return Hash{}, errPlain
}

// parseDollar reads the "$id$…" forms.
func parseDollar(stored string) (Hash, error) {
	id, body, ok := strings.Cut(stored[1:], "$")
	if !ok {
		return Hash{}, errPlain
	}
	switch id {
	case "1":
		return parseMD5Crypt(kindMD5Crypt, body)
	case "apr1":
		return parseMD5Crypt(kindAPR1, body)
	case "5":
		return parseSHACrypt(kindSHA256Crypt, body)
	case "6":
		return parseSHACrypt(kindSHA512Crypt, body)
	case "2a":
		return parseBcrypt(kindBcrypt2a, body)
	case "2b", "2y":
		return parseBcrypt(kindBcrypt, body)
	case "y":
		return parseYescrypt(body)
	case "7":
		return parseScrypt(body)
	case "sha1":
		return parseSHA1Crypt(body)
	case "3":
		return parseNT(body)
	case "argon2d":
		return parseArgon2(kindArgon2d, body)
	case "argon2i":
		return parseArgon2(kindArgon2i, body)
	case "argon2id":
		return parseArgon2(kindArgon2id, body)
	}
	if id == "md5" || strings.HasPrefix(id, "md5,") {
		return parseSunMD5(stored)
	}
	return Hash{}, foreign(id)
}

// foreign is the error for an id of none of our schemes. It names those that
// operators are likely to meet, from its own list, and no others.
func foreign(id string) error {
	switch id {
	case "gy":
		return errGost
	case "2x":
		return errBcrypt2x
	case "2":
		return errBcrypt2
	case "P", "H":
		return errPHPass
	case "pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512":
		return errPBKDF2
	}
	return errUnknown
}

// number reads a decimal number as programs print it, with no sign and no
// leading zero, and returns what follows it. Ten digits at most: no cost
// parameter has more.
func number(s string) (n uint32, rest string, ok bool) {
	var v uint64
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		if i == 10 {
			return 0, "", false
		}
		v = v*10 + uint64(s[i]-'0')
		i++
	}
	if i == 0 || i > 1 && s[0] == '0' || v > 1<<32-1 {
		return 0, "", false
	}
	return uint32(v), s[i:], true
}
