package getopt

import "strings"

// ParseTolerant is Parse for programs that complain of what is no option of theirs, and
// go on without it, as getopt(3) lets them. The complaints never quote a value.
func ParseTolerant(args []string, spec string) (options []Option, operands []string, complaints []error) {
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			return options, append(operands, args...), complaints
		case len(word) < 2 || word[0] != '-':
			operands = append(operands, word)
			continue
		}
		for letters := word[1:]; letters != ""; {
			part := letters[:1]
			if takesValue(letters[0], spec) {
				part = letters
			}
			found, rest, err := parseWord(part, args, spec)
			if err != nil {
				complaints = append(complaints, err)
			} else {
				options, args = append(options, found...), rest
			}
			letters = letters[len(part):]
		}
	}
	return options, operands, complaints
}

func takesValue(letter byte, spec string) bool {
	return letter != ':' && strings.Contains(spec, string(letter)+":")
}
