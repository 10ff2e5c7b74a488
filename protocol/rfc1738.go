package protocol

import "bytes"

const upperHex = "0123456789ABCDEF"

// plain says of each byte whether Squid's rfc1738_escape leaves it as it is
// (lib/rfc1738.c, RFC1738_ESCAPE_UNSAFE and RFC1738_ESCAPE_CTRLS).
var plain = func() (is [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$&()*+,-./:;=?@_") {
		is[c] = true
	}
	return is
}()

// appendEscaped appends s with every byte that is not plain as %XX.
func appendEscaped(dst []byte, s string) []byte {
	from := 0 // of what is still to be appended
	for i := range len(s) {
		if c := s[i]; !plain[c] {
			dst = append(append(dst, s[from:i]...), '%', upperHex[c>>4], upperHex[c&15])
			from = i + 1
		}
	}
	return append(dst, s[from:]...)
}

// unescape decodes %XX as Squid's rfc1738_unescape does: "%%" is one percent
// sign, and what is not a percent sign and two hex digits, or is %00, stays.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '%') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		out = append(out, b[i])
		if b[i] != '%' || i+1 == len(b) {
			continue
		}
		if b[i+1] == '%' {
			i++
		} else if c, ok := hexByte(b[i+1:]); ok && c != 0 {
			out[len(out)-1] = c
			i += 2
		}
	}
	return string(out)
}

// hexByte reads the two hex digits at the start of b.
func hexByte(b []byte) (byte, bool) {
	if len(b) < 2 {
		return 0, false
	}
	hi, ok1 := hexDigit(b[0])
	lo, ok2 := hexDigit(b[1])
	return hi<<4 | lo, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
