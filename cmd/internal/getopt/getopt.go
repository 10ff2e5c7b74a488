// Package getopt reads command lines as the getopt(3) of the C helpers does.
package getopt

import (
	"fmt"
	"strings"
)

// An Option is one option of a command line, with its value if it takes one.
type Option struct {
	Letter byte
	Value  string
}

// Parse reads the words behind a program's name. spec lists the letters that are
// options, each followed by ":" if it takes a value, which may be attached or be
// the next word. Letters without value may stand together. Words that are no
// options may stand anywhere; behind "--" all are.
func Parse(args []string, spec string) (options []Option, operands []string, err error) {
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			return options, append(operands, args...), nil
		case len(word) < 2 || word[0] != '-':
			operands = append(operands, word)
			continue
		}
		var more []Option
		if more, args, err = parseWord(word[1:], args, spec); err != nil {
			return nil, nil, err
		}
		options = append(options, more...)
	}
	return options, operands, nil
}

// parseWord reads the letters of one word; the value of the last may be the next.
func parseWord(letters string, args []string, spec string) ([]Option, []string, error) {
	var options []Option
	for i := range len(letters) {
		letter := letters[i]
		at := strings.IndexByte(spec, letter)
		if at < 0 || letter == ':' {
			return nil, nil, fmt.Errorf("no such option: -%c", letter)
		}
		if at+1 == len(spec) || spec[at+1] != ':' {
			options = append(options, Option{Letter: letter})
			continue
		}
		value := letters[i+1:]
		if value == "" {
			if len(args) == 0 {
				return nil, nil, fmt.Errorf("option -%c needs a value", letter)
			}
			value, args = args[0], args[1:]
		}
		return append(options, Option{letter, value}), args, nil
	}
	return options, args, nil
}
