package radius

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"squidauth/protocol"
)

// File is what a configuration file of basic_radius_auth says. Empty: it does not say.
type File struct {
	Server     string
	Secret     protocol.Secret
	Identifier string
	Port       string // number or name of a service
	Tries      string // number
}

// maxFileLine is how much of a line basic_radius_auth reads at once, in bytes: what is
// beyond counts as another line.
const maxFileLine = 253

// fileBlank are the bytes that end a word.
const fileBlank = " \t\n\v\f\r"

var errIncomplete = errors.New("needs a line that begins with server, and one that begins with secret")

// ParseFile reads a configuration file exactly as basic_radius_auth does: a keyword in
// the first column, and one word; the last line of a keyword counts, and lines with
// others are comments. A blank between keyword and word is usual but not needed.
func ParseFile(content []byte) (File, error) {
	var f File
	hasServer, hasSecret := false, false
	for line := range fileLines(content) {
		f.read(line)
		hasServer = hasServer || strings.HasPrefix(line, "server")
		hasSecret = hasSecret || strings.HasPrefix(line, "secret")
	}
	if !hasServer || !hasSecret {
		return File{}, errIncomplete
	}
	return f, nil
}

// fileLines yields the pieces in which basic_radius_auth sees a file. A NUL ends what it
// sees of a piece.
func fileLines(content []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range bytes.Lines(content) {
			for len(line) > 0 {
				piece := line[:min(len(line), maxFileLine)]
				line = line[len(piece):]
				piece, _, _ = bytes.Cut(piece, []byte{0})
				if !yield(string(piece)) {
					return
				}
			}
		}
	}
}

func (f *File) read(line string) {
	for _, keyword := range []struct {
		word  string
		value *string
	}{
		{"server", &f.Server},
		{"secret", (*string)(&f.Secret)},
		{"identifier", &f.Identifier},
		{"service", &f.Port},
		{"port", &f.Port},
	} {
		if rest, ok := strings.CutPrefix(line, keyword.word); ok {
			if word := firstWord(rest); word != "" {
				*keyword.value = word
			}
		}
	}
	if rest, ok := strings.CutPrefix(line, "timeout"); ok {
		if number := leadingNumber(firstWord(rest)); number != "" {
			f.Tries = number
		}
	}
}

func firstWord(s string) string {
	s = strings.TrimLeft(s, fileBlank)
	if end := strings.IndexAny(s, fileBlank); end >= 0 {
		return s[:end]
	}
	return s
}

// leadingNumber returns the number that a word begins with, as the atoi and scanf of C
// see it, if there is one.
func leadingNumber(word string) string {
	end := 0
	if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "+") {
		end = 1
	}
	digits := end
	for end < len(word) && word[end] >= '0' && word[end] <= '9' {
		end++
	}
	if end == digits {
		return ""
	}
	return word[:end]
}

// LeadingNumber returns the number that a word begins with, as the atoi of C does: 0 if
// there is none. What is beyond 32 bits is the most that is not.
func LeadingNumber(word string) int {
	n, _ := strconv.ParseInt(leadingNumber(strings.TrimLeft(word, fileBlank)), 10, 32)
	return int(n)
}
