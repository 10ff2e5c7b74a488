package guard

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold returns a name in a form that all spellings have which a directory takes for the
// same: RFC 4518 section 2 prepares strings so before it compares them, and Active
// Directory ignores accents besides. Names that only fold alike share a count, which
// does no harm. A name that is not UTF-8 is folded in the letters A to Z only.
func fold(name string) string {
	if !utf8.ValidString(name) {
		return lowerASCII(name)
	}
	name = strings.Map(prepare, norm.NFKD.String(name))
	return strings.Join(strings.Fields(name), " ")
}

// prepare maps to nothing what does not count, and letters to lower case.
func prepare(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.Is(unicode.Z, r):
		return ' '
	case unicode.In(r, unicode.Mn, unicode.Cc, unicode.Cf):
		return -1
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// lowerASCII works byte by byte: whatever is not a letter may be no character at all.
func lowerASCII(name string) string {
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
