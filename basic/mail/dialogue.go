package mail

import (
	"encoding/base64"
	"errors"
	"strings"
)

// dialogue is one side of a session in a protocol, in the order of its methods. An
// error means that the server is of no use; it completes "the server: …".
type dialogue interface {
	// greet hears the server out, which speaks first.
	greet() error

	// startTLS asks the server to go on with TLS, and reports whether it will. If it
	// need not be, the server is asked only if it offers that, and may refuse.
	startTLS(must bool) (bool, error)

	// login sends the password, once at most.
	login(user, password string) (answer, error)

	goodbye() string
}

func (p Protocol) dialogue(s *session) dialogue {
	switch p {
	case POP3:
		return &pop3{session: s}
	case IMAP:
		return newIMAP(s)
	}
	return &smtp{session: s}
}

var (
	errNoSTARTTLS = errors.New("it has no STARTTLS, so that a password would go to it in the clear")
	errMechanisms = errors.New("it offers no way to log in with a password on this connection: does it want TLS?")
)

// without is the error of a server that does not begin with TLS where it must.
func without(begins, must bool) error {
	if must && !begins {
		return errNoSTARTTLS
	}
	return nil
}

// plain returns the message of the SASL mechanism PLAIN (RFC 4616), encoded.
func plain(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
}

// words is a set of upper-case words, such as the names of extensions.
type words map[string]bool

func (w words) add(list ...string) {
	for _, word := range list {
		w[strings.ToUpper(word)] = true
	}
}

// cutCode takes the response code off, which stands in brackets before the text of a
// POP3 or IMAP answer. It is returned in upper case without what may follow its name.
func cutCode(text string) (code, rest string) {
	if !strings.HasPrefix(text, "[") {
		return "", text
	}
	code, rest, found := strings.Cut(text[1:], "]")
	if !found {
		return "", text
	}
	code, _, _ = strings.Cut(code, " ")
	return strings.ToUpper(code), strings.TrimPrefix(rest, " ")
}
