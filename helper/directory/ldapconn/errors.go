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

// answerError is what a working server answered to a search.
type answerError struct{ error }

func (e *answerError) Unwrap() error { return e.error }

// IsAnswer reports whether err is what a working server answered to this one search,
// so that it may well answer to another.
func IsAnswer(err error) bool {
	var answer *answerError
	return errors.As(err, &answer)
}

// isFinal reports whether err is what a working server answered, to a bind or to a
// search, so that another would answer the same.
func isFinal(err error) bool {
	var refused *refusedError
	if errors.As(err, &refused) {
		return true
	}
	var answer *ldap.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.ResultCode {
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return false
	}
	return answer.ResultCode < ldap.ErrorNetwork // those and higher ones are the library's own
}

// because returns what the server answered or, without that, why the wire ended.
func because(err, end error) error {
	if err == nil || end == nil || isFinal(err) {
		return err
	}
	return end
}

// words say what is wrong, for the operator. They are the same each time.
func words(err error) string {
	text := err.Error()
	var answer *ldap.Error
	var op *net.OpError
	switch {
	case errors.As(err, &answer) && answer.ResultCode < ldap.ErrorNetwork:
		text = fmt.Sprintf("%s (%s: %s)", meaning(answer.ResultCode), ldap.LDAPResultCodeMap[answer.ResultCode], answer.Err)
	case errors.As(err, &answer):
		text = answer.Err.Error()
	case errors.As(err, &op):
		text = op.Op + ": " + op.Err.Error()
	}
	text = strings.TrimRight(withoutTime(text), "\x00 \n") // as Active Directory ends its words
	if len(text) > maxWords {
		text = text[:maxWords] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// withoutTime leaves out what time it is, which crypto/x509 says of a certificate that
// is not valid now. The library makes text of that error, so that it has no type.
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
		return "it wants the connection protected: use ldaps:// or --ldap-start-tls"
	case ldap.LDAPResultReferral, ldap.LDAPResultNoSuchObject:
		return "it does not hold that part of the directory"
	case ldap.LDAPResultInvalidCredentials:
		return "it refuses the bind DN or its password"
	}
	return "it answers with an error"
}
