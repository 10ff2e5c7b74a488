package ldap

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/protocol"
)

// legalName returns a user's name in UTF-8, and whether there can be such a user.
// As with basic_ldap_auth a name has no white space but single blanks inside, since
// servers take such names for the same.
func legalName(user string) (string, bool) {
	user = toUTF8(user)
	if user == "" || strings.HasPrefix(user, " ") || strings.HasSuffix(user, " ") || strings.Contains(user, "  ") {
		return "", false
	}
	odd := func(r rune) bool {
		return unicode.IsControl(r) || r != ' ' && unicode.IsSpace(r) || r == unicode.ReplacementChar
	}
	return user, !strings.ContainsFunc(user, odd)
}

// legalPassword returns a password in UTF-8, as RFC 4513 section 5.1.3 wants it. One
// with a NUL byte is none that anybody has, and for a server written in C it may be
// an empty one, which logs in nobody in particular, successfully.
func legalPassword(p protocol.Secret) (protocol.Secret, bool) {
	p = protocol.Secret(toUTF8(string(p)))
	return p, p != "" && !strings.Contains(string(p), "\x00")
}

// toUTF8 takes what is not UTF-8 for Latin-1, which some browsers send.
func toUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
