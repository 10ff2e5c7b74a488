package passhash

// An alphabet is one of the three sets of 64 digits in which the stored forms
// write their bytes.
type alphabet uint8

const (
	hash64   alphabet = iota // "./0-9A-Za-z": crypt(5), all but bcrypt
	bcrypt64                 // "./A-Za-z0-9": bcrypt
	std64                    // "A-Za-z0-9+/": RFC 4648 section 4
)

// noDigit is the value of a character outside the alphabet.
const noDigit = 0xff

// value returns the six bits that c stands for, or noDigit.
func (a alphabet) value(c byte) byte {
	upper, lower, digit, first := byte(12), byte(38), byte(2), byte('.')
	switch a {
	case bcrypt64:
		upper, lower, digit = 2, 28, 54
	case std64:
		upper, lower, digit, first = 0, 26, 52, 0
	}
	switch {
	case 'a' <= c && c <= 'z':
		return c - 'a' + lower
	case 'A' <= c && c <= 'Z':
		return c - 'A' + upper
	case '0' <= c && c <= '9':
		return c - '0' + digit
	case first != 0 && (c == '.' || c == '/'):
		return c - first
	case first == 0 && c == '+':
		return 62
	case first == 0 && c == '/':
		return 63
	}
	return noDigit
}

// all reports whether s is written in digits of the alphabet only.
func (a alphabet) all(s string) bool {
	for i := range len(s) {
		if a.value(s[i]) == noDigit {
			return false
		}
	}
	return true
}

// decodeBig decodes src, whose first digit holds the most significant bits of
// the first byte, as RFC 4648, DES and bcrypt have it. It fails if dst is too
// short, and on a string that no encoder writes: foreign characters, a lone
// last digit, spare bits that are not zero. So equal bytes mean equal text.
func (a alphabet) decodeBig(dst []byte, src string) (n int, ok bool) {
	var acc uint32
	var bits uint
	for i := range len(src) {
		v := a.value(src[i])
		if v == noDigit {
			return 0, false
		}
		acc = acc<<6 | uint32(v)
		if bits += 6; bits < 8 {
			continue
		}
		if n == len(dst) {
			return 0, false
		}
		bits -= 8
		dst[n] = byte(acc >> bits)
		n++
	}
	return n, bits < 6 && acc&(1<<bits-1) == 0
}

// decodeLittle is decodeBig for the order of bits that md5crypt brought in and
// its followers kept: the first digit holds the least significant bits.
func (a alphabet) decodeLittle(dst []byte, src string) (n int, ok bool) {
	var acc uint32
	var bits uint
	for i := range len(src) {
		v := a.value(src[i])
		if v == noDigit {
			return 0, false
		}
		acc |= uint32(v) << bits
		if bits += 6; bits < 8 {
			continue
		}
		if n == len(dst) {
			return 0, false
		}
		dst[n] = byte(acc)
		n++
		acc >>= 8
		bits -= 8
	}
	return n, bits < 6 && acc == 0
}

// fillBig is decodeBig for exactly as many bytes as dst has.
func (a alphabet) fillBig(dst []byte, src string) bool {
	n, ok := a.decodeBig(dst, src)
	return ok && n == len(dst)
}

// fillLittle is decodeLittle for exactly as many bytes as dst has.
func (a alphabet) fillLittle(dst []byte, src string) bool {
	n, ok := a.decodeLittle(dst, src)
	return ok && n == len(dst)
}

// decodeHex decodes lower-case hexadecimal of exactly len(dst) bytes.
func decodeHex(dst []byte, src string) bool {
	if len(src) != 2*len(dst) {
		return false
	}
	for i := range dst {
		hi, lo := nibble(src[2*i]), nibble(src[2*i+1])
		if hi == noDigit || lo == noDigit {
			return false
		}
		dst[i] = hi<<4 | lo
	}
	return true
}

// nibble returns the value of a lower-case hexadecimal digit, or noDigit.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return noDigit
}
