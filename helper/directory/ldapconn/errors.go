package ldapconn

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// maxWords bounds in bytes what a server says of an error.
const maxWords = 300

var (
	errBusy      = errors.New("all connections to the directory are in use")
	errAnonymous = errors.New("a bind without name or password would prove nothing")
)

// answerError is what a working server answered to a request.
type answerError struct {
	error
	code uint16
}

func (e *answerError) Unwrap() error { return e.error }

// IsAnswer reports whether err is what a working server answered to this one request,
// so that it may well answer to another.
func IsAnswer(err error) bool {
	var answer *answerError
	return errors.As(err, &answer)
}

// AnswerCode returns the result code of an error that IsAnswer, else 0.
func AnswerCode(err error) uint16 {
	var answer *answerError
	if errors.As(err, &answer) {
		return answer.code
	}
	return 0
}

// Refused returns an error that IsRefused, because of err.
func Refused(err error) error { return &refusedError{err} }

// ticketError is why a Login has no ticket.
type ticketError struct{ error }

func (e *ticketError) Unwrap() error { return e.error }

// IsRefused reports whether err says that a server refuses the bind DN or its
// password.
func IsRefused(err error) bool {
	var refused *refusedError
	return errors.As(err, &refused)
}

// IsBusy reports whether err says that no connection was free in time.
func IsBusy(err error) bool { return errors.Is(err, errBusy) }

// isFinal reports whether err is what a working server answered, to a bind or to
// another request, so that another would answer the same.
func isFinal(err error) bool {
	var refused *refusedError
	if errors.As(err, &refused) {
		return true
	}
	code, ok := resultCode(err)
	return ok && !isUnready(code)
}

// isUnready reports whether a server says that it does not work now.
func isUnready(code uint16) bool {
	return code == ldap.LDAPResultBusy || code == ldap.LDAPResultUnavailable
}

// resultCode returns that of a server's answer, and whether err is one.
func resultCode(err error) (uint16, bool) {
	var answer *ldap.Error
	if !errors.As(err, &answer) || answer.ResultCode >= ldap.ErrorNetwork { // those are the library's own
		return 0, false
	}
	return answer.ResultCode, true
}

// describedError is what is wrong with a server, in words.
type describedError struct {
	text  string
	cause error
}

func (e *describedError) Error() string { return e.text }
func (e *describedError) Unwrap() error { return e.cause }

// describe names the server that an error is of.
func describe(s Server, err error) error {
	if err == nil {
		return nil
	}
	return &describedError{fmt.Sprintf("%s: %s", s, words(err)), err}
}

// words say what is wrong, for the operator. They are the same each time.
func words(err error) string {
	text := err.Error()
	var answer *ldap.Error
	var op *net.OpError
	var refused *refusedError
	var startTLS *startTLSError
	code, answered := resultCode(err)
	switch {
	case errors.As(err, &refused):
		text = refused.Error()
	case errors.As(err, &startTLS):
	case answered && errors.As(err, &answer):
		text = fmt.Sprintf("%s (%s: %s)", meaning(code), ldap.LDAPResultCodeMap[code], answer.Err)
	case errors.As(err, &answer):
		text = answer.Err.Error()
	case errors.As(err, &op):
		text = op.Op + ": " + op.Err.Error()
	}
	return clean(withoutTime(text))
}

// clean makes a server's words such that they fit into a line.
func clean(text string) string {
	text = strings.TrimRight(text, "\x00 \n") // as Active Directory ends its words
	if len(text) > maxWords {
		text = text[:maxWords] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// withoutTime leaves out what time it is, which crypto/x509 says of a certificate that
// is not valid now.
func withoutTime(text string) string {
	before, behind, found := strings.Cut(text, "current time ")
	_, behind, found2 := strings.Cut(behind, " is ")
	if !found || !found2 {
		return text
	}
	return before + "the time is " + behind
}

// meaning says what the operator can do about a result code (RFC 4511 appendix A).
func meaning(code uint16) string {
	switch code {
	case ldap.LDAPResultOperationsError, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultInappropriateAuthentication:
		return "it does not let this bind DN, or nobody, search"
	case ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired:
		return "it wants the connection protected: use ldaps:// or StartTLS"
	case ldap.LDAPResultReferral, ldap.LDAPResultNoSuchObject:
		return "it does not hold that part of the directory"
	case ldap.LDAPResultInvalidCredentials:
		return "it refuses the bind DN or its password"
	}
	return "it answers with an error"
}
