//go:build unix

package docs

import "strings"

// shellWords splits a line into words as far as the examples of the pages go: quotes of
// both kinds hold blanks together, and # begins a comment where a word would begin.
func shellWords(line string) (words []string) {
	var word strings.Builder
	var quote rune
	inWord := false
	end := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inWord = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			end()
		case quote == 0 && c == '#' && !inWord:
			return words
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	end()
	return words
}
