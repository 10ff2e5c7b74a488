package ldap

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/protocol"
)

// isName reports whether there can be such a user. As with basic_ldap_auth a name has no
// white space but single blanks inside, since servers take such names for the same.
func isName(s string) bool {
	if s == "" || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") || strings.Contains(s, "  ") {
		return false
	}
	odd := func(r rune) bool { return unicode.IsControl(r) || r != ' ' && unicode.IsSpace(r) }
	return utf8.ValidString(s) && !strings.ContainsFunc(s, odd)
}

// isPassword reports whether anybody can have that password. One with a NUL byte is for
// a server written in C what is before that, and nothing at all logs in nobody in
// particular, successfully.
func isPassword(p protocol.Secret) bool { return p != "" && !strings.Contains(string(p), "\x00") }
