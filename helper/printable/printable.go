// Package printable makes text that a stranger chose fit for a terminal or a log.
package printable

import (
	"strings"
	"unicode"
)

// Text returns s with a question mark for each character that does not print: line
// ends, control sequences of terminals, bytes that are no UTF-8.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(s, "?"))
}
