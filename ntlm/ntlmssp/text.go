package ntlmssp

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

var errText = errors.New("a name is not UTF-16")

// appendUTF16 appends s in UTF-16LE.
func appendUTF16(dst []byte, s string) []byte {
	dst = slices.Grow(dst, 2*len(s))
	for _, r := range s {
		if r < 0x10000 {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(r))
			continue
		}
		high, low := utf16.EncodeRune(r)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(high))
		dst = binary.LittleEndian.AppendUint16(dst, uint16(low))
	}
	return dst
}

// decodeUTF16 refuses half characters and halves of surrogate pairs: two names
// that differ must not become one.
func decodeUTF16(b []byte) (string, error) {
	if len(b)%2 != 0 {
		return "", errText
	}
	text := make([]byte, 0, len(b))
	for ; len(b) > 0; b = b[2:] {
		r := rune(binary.LittleEndian.Uint16(b))
		if utf16.IsSurrogate(r) {
			if len(b) < 4 {
				return "", errText
			}
			r = utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b[2:])))
			if r == utf8.RuneError {
				return "", errText
			}
			b = b[2:]
		}
		text = utf8.AppendRune(text, r)
	}
	return string(text), nil
}

// decodeOEM reads a name in the client's code page, which is not known. The
// clients that still do without UTF-16 are not those of Windows: what is UTF-8 is
// taken for that, anything else for ISO 8859-1.
func decodeOEM(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// decodeText reads a name as the flags say.
func decodeText(b []byte, f Flags) (string, error) {
	if f.Has(NegotiateUnicode) {
		return decodeUTF16(b)
	}
	return decodeOEM(b), nil
}

func encodeText(s string, f Flags) []byte {
	if f.Has(NegotiateUnicode) {
		return appendUTF16(nil, s)
	}
	return []byte(s)
}

// Upper returns s in upper case as Windows compares names: one UTF-16 unit
// becomes one other, and none that is not ASCII becomes ASCII. Two users' names
// are the same if these are.
func Upper(s string) string { return strings.Map(upper, s) }

func upper(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}
	if u := unicode.ToUpper(r); u >= utf8.RuneSelf && u < 0x10000 && r < 0x10000 {
		return u
	}
	return r
}
