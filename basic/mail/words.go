package mail

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxWords bounds in bytes what is logged of a server's words.
const maxWords = 300

// echoed is the length in bytes from which what a server repeats of a secret counts
// as said.
const echoed = 6

// secretForms returns what a server may repeat of a login that it was sent.
func secretForms(user, password string) []string {
	return []string{
		password, plain(user, password), base64.StdEncoding.EncodeToString([]byte(password)), quoted(password),
	}
}

// quote returns a server's words for the log: none of them if they repeat a part of
// a secret that it was sent.
func (s *session) quote(words string) string {
	for _, form := range s.secrets {
		if s.spent && repeats(words, form) {
			return "(words that repeat what it was sent)"
		}
	}
	if len(words) > maxWords {
		words = words[:maxWords] + "…"
	}
	return strings.ToValidUTF8(words, "?")
}

// repeats reports whether the words hold a part of the secret, or all of a short one.
func repeats(words, secret string) bool {
	size := min(echoed, len(secret))
	for i := 0; size > 0 && i+size <= len(secret); i++ {
		if strings.Contains(words, secret[i:i+size]) {
			return true
		}
	}
	return false
}

// nameless returns a server's words without the user's name, if they repeat that: the
// account of a user called lockwood is not locked.
func (s *session) nameless(words string) string {
	name, _, _ := strings.Cut(s.user, "@")
	for _, n := range []string{s.user, name} {
		if n == "" || !utf8.ValidString(n) {
			continue
		}
		whole := regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(n) + `($|[^\pL\pN])`)
		words = whole.ReplaceAllString(words, "$1$2")
	}
	return words
}

// unexpected is the error of a line that has no place where it came.
func (s *session) unexpected(line string) error {
	return fmt.Errorf("it says what makes no sense there: %q", s.quote(line))
}

// turnedAway is the error of a greeting that is none.
func (s *session) turnedAway(text string) error {
	return fmt.Errorf("it turns everybody away: %q", s.quote(text))
}
