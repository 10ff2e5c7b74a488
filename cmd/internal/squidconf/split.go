package squidconf

import (
	"errors"
	"fmt"
	"strings"
)

// Why Squid does not start with a line.
var (
	errOpen   = errors.New("a quote is not closed")
	errBehind = errors.New("something stands behind a closing quote without a blank")
	errParen  = errors.New("a bracket stands in a word without quotes: put quotes around the whole word")
)

// Split splits a line into words as Squid splits those of a helper's command line
// (squid src/ConfigParser.cc TokenParse): quotes of either kind hold blanks together if a
// word begins with one, in them a backslash escapes what follows, and # begins a comment
// where a word would begin. The error says why Squid refuses the line; the words are then
// what they seem to be.
func Split(line string) (words []string, err error) {
	for {
		line = strings.TrimLeft(line, blanks)
		if line == "" || line[0] == '#' {
			return words, err
		}
		var word string
		var wrong error
		if line[0] == '"' || line[0] == '\'' {
			word, line, wrong = unquote(line[1:], line[0])
		} else {
			word, line, wrong = plain(line)
		}
		words = append(words, word)
		err = errors.Join(err, wrong)
	}
}

// plain cuts a word off that begins with no quote: those within it are as other
// characters.
func plain(line string) (word, rest string, err error) {
	end := strings.IndexAny(line, blanks)
	if end < 0 {
		end = len(line)
	}
	word = line[:end]
	if strings.IndexByte(word, '(') > 0 {
		err = errParen
	}
	return word, line[end:], err
}

// unquote cuts a word off that ends with a quote.
func unquote(line string, quote byte) (word, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == quote:
			if rest = line[i+1:]; rest != "" && !strings.ContainsRune(blanks+"()#", rune(rest[0])) {
				err = errors.Join(err, errBehind)
			}
			return b.String(), rest, err
		case c == '\\' && i+1 < len(line):
			i++
			var wrong error
			c, wrong = unescape(line[i])
			err = errors.Join(err, wrong)
		}
		b.WriteByte(c)
	}
	return b.String(), "", errors.Join(err, errOpen)
}

// unescape returns what a character behind a backslash stands for.
func unescape(c byte) (byte, error) {
	switch {
	case c == 'r':
		return '\r', nil
	case c == 'n':
		return '\n', nil
	case c == 't':
		return '\t', nil
	case '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		return c, fmt.Errorf(`within quotes \%c means nothing: write \\%c`, c, c)
	}
	return c, nil
}
