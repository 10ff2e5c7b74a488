package machine

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// maxPassword bounds a password in bytes. Active Directory takes 256 characters.
const maxPassword = 1 << 10

var (
	errNoPassword = errors.New("holds no password")
	errLines      = errors.New("has more than two passwords: it is not a secret file")
	errNotText    = errors.New("is not a file of passwords: a keytab, or an NT hash, cannot be used to change a password")
)

// secret is what a secret file holds.
type secret struct {
	first, second string // passwords; empty: none
	// pending says that the second is the newer one, with which a change began of
	// which it is not known whether it was made.
	pending bool
}

// String implements fmt.Stringer.
func (secret) String() string { return "***" }

// GoString implements fmt.GoStringer.
func (secret) GoString() string { return "***" }

// parseSecret reads the content of a secret file. Its error completes "the file …".
func parseSecret(content []byte) (s secret, err error) {
	if !utf8.Valid(content) || strings.ContainsAny(string(content), "\x00") {
		return secret{}, errNotText
	}
	empty := false
	for line := range strings.Lines(string(content)) {
		password := strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(password, "nthash:"), len(password) > maxPassword:
			return secret{}, errNotText
		case password == "":
			empty = true
		case s.first == "":
			s.first, empty = password, false
		case s.second == "":
			s.second, s.pending = password, empty
		default:
			return secret{}, errLines
		}
	}
	if s.first == "" {
		return secret{}, errNoPassword
	}
	return s, nil
}

// marshal returns the content of the file.
func (s secret) marshal() []byte {
	text := s.first + "\n"
	if s.pending {
		text += "\n"
	}
	if s.second != "" {
		text += s.second + "\n"
	}
	return []byte(text)
}

// candidates are the passwords that the account may have, in the order to try them.
// Domain controllers take a former password for a while after it was changed, so that
// the newer one comes first.
func (s secret) candidates() []string {
	switch {
	case s.second == "":
		return []string{s.first}
	case s.pending:
		return []string{s.second, s.first}
	}
	return []string{s.first, s.second}
}
