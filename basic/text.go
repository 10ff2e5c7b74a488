package basic

import (
	"strings"
	"unicode/utf8"
)

// Text returns in UTF-8 what a browser sent. Those of today send UTF-8 themselves;
// anything else is taken for Windows-1252, which for letters is ISO 8859-1.
func Text(sent string) string {
	if utf8.ValidString(sent) {
		return sent
	}
	var b strings.Builder
	for i := range len(sent) {
		c := rune(sent[i])
		if c >= 0x80 && c < 0xa0 {
			c = windows1252[c-0x80]
		}
		b.WriteRune(c)
	}
	return b.String()
}

// windows1252 has the characters of the bytes from 0x80 to 0x9f, as the WHATWG
// Encoding Standard has them.
var windows1252 = [...]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}
