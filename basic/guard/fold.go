package guard

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold returns a name in a form that all spellings have which a directory takes for the
// same: RFC 4518 section 2 prepares strings so before it compares them, and Active
// Directory compares by the sort keys of Windows ([MS-UCODEREF] section 3.1.5.2), for
// which accents, the kind of kana and what they do not know make no difference. Names
// that only fold alike share a count, which holds them back together. A name that is not
// UTF-8 is folded in the letters A to Z only.
func fold(name string) string {
	if !utf8.ValidString(name) {
		return lowerASCII(name)
	}
	name = letters.Replace(strings.Map(prepare, norm.NFKD.String(name)))
	return strings.Join(strings.Fields(name), " ")
}

// letters are those that Windows sorts as others and Unicode does not take apart.
var letters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "þ", "th", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "ħ", "h", "ŧ", "t", "ı", "i")

// prepare maps to nothing what does not count, or may not, and letters to lower case.
func prepare(r rune) rune {
	const (
		object   = '\ufffc' // which RFC 4518 section 2.2 maps to nothing
		katakana = 'ァ'
		hiragana = 'ぁ'
	)
	switch {
	case unicode.IsSpace(r), unicode.Is(unicode.Z, r):
		return ' '
	case r == object, !unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S), r > 0xffff && unicode.Is(unicode.S, r):
		return -1
	case katakana <= r && r <= 'ヶ':
		return r - katakana + hiragana
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
