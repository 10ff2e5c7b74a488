package machine

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// maxWords bounds in bytes what is repeated of a domain controller's words.
const maxWords = 200

// words are what went wrong, with the controller's words as it says them.
func words(err error) string {
	text := err.Error()
	var answer *ldap.Error
	if errors.As(err, &answer) {
		text = answer.Err.Error()
		if answer.ResultCode < ldap.ErrorNetwork {
			text = fmt.Sprintf("%s: %s", ldap.LDAPResultCodeMap[answer.ResultCode], text)
		}
	}
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\x00", " ")), " ")
	if len(text) > maxWords {
		text = text[:maxWords] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// isCertificate reports whether err is of that type, or says so: of StartTLS, go-ldap
// keeps the words only.
func isCertificate[T error](err error, words string) bool {
	var typed T
	return errors.As(err, &typed) || strings.Contains(err.Error(), words)
}

// unreachable says why a domain controller cannot be asked.
func unreachable(host string, err error) error {
	cure := ""
	switch {
	case isCertificate[x509.UnknownAuthorityError](err, "signed by unknown authority"):
		cure = "its certificate is not of a CA that is trusted here: give the domain's CA with --ldap-ca"
	case isCertificate[x509.HostnameError](err, "certificate is valid for"), isCertificate[x509.HostnameError](err, "cannot validate certificate for"):
		cure = "its certificate is for another name: give --dc the name that the certificate has"
	case strings.Contains(err.Error(), "certificate has expired or is not yet valid"):
		cure = "its certificate has expired, or is not yet good: is the clock right here?"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("domain controller %s does not answer in time", host)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultUnavailable), ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform):
		cure = "it may have no certificate: then use a ticket and --ldap-seal"
	}
	if cure != "" {
		return fmt.Errorf("domain controller %s cannot be used: %s (%s)", host, cure, words(err))
	}
	return fmt.Errorf("domain controller %s cannot be reached: %s", host, words(err))
}

// subcode finds the cause of a failed bind in what Active Directory says.
var subcode = regexp.MustCompile(`, data ([0-9a-fA-F]{1,8})`)

// loginErrors are causes of failed binds ([MS-ERREF] section 2.2).
var loginErrors = map[uint64]string{
	0x525: "there is no such user",
	0x52e: "the password is wrong, or there is no such user",
	0x530: "it may not log in at this hour",
	0x531: "it may not log in from here",
	0x532: "the password has expired",
	0x533: "the account is disabled",
	0x701: "the account has expired",
	0x773: "the password must be changed first",
	0x775: "the account is locked",
}

// errLogin is a login that was refused: the controller does not take the password.
var errLogin = errors.New("the login was refused")

// loginError is the refusal of a login.
type loginError struct{ text string }

func (e *loginError) Error() string        { return e.text }
func (e *loginError) Is(target error) bool { return target == errLogin }

// refusedLogin says why a simple bind failed. It is an errLogin if the controller
// said so.
func refusedLogin(host, user string, err error) error {
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
		return unreachable(host, err)
	}
	why := words(err)
	if m := subcode.FindStringSubmatch(why); m != nil {
		if code, err := strconv.ParseUint(m[1], 16, 32); err == nil && loginErrors[code] != "" {
			why = loginErrors[code]
		}
	}
	return &loginError{fmt.Sprintf("domain controller %s refuses %s: %s", host, user, why)}
}

// refusedTicket says why a login by ticket failed.
func refusedTicket(host, user string, err error) error {
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultStrongAuthRequired):
		return fmt.Errorf("domain controller %s takes no tickets over TLS, as Samba does not unless it is told to: use --ldap-seal (%s)", host, words(err))
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials):
		return &loginError{fmt.Sprintf("domain controller %s refuses the ticket of %s: log in with kinit again, see that the clock is right here, and that nothing is between here and the controller that ends TLS (%s)", host, user, words(err))}
	}
	return unreachable(host, err)
}

// win32 finds the error code with which Active Directory begins its words.
var win32 = regexp.MustCompile(`^([0-9a-fA-F]{8}):`)

// The error codes that are told apart ([MS-ERREF] section 2.2).
const (
	invalidPassword    = 0x56 // the old one, when it is changed
	alreadyExists      = 0x524
	passwordPolicy     = 0x52d  // too short, too plain, too early, or used before
	quotaExceeded      = 0x216d // ms-DS-MachineAccountQuota
	nameNotUnique      = 0x21c7 // a service principal name that is elsewhere in the forest
	nameNotUniqueOther = 0x21c8 // a user principal name
)

// answerCode returns the code in a controller's answer, 0 if it has none.
func answerCode(err error) uint64 {
	var answer *ldap.Error
	if !errors.As(err, &answer) || answer.ResultCode >= ldap.ErrorNetwork {
		return 0
	}
	m := win32.FindStringSubmatch(strings.TrimSpace(answer.Err.Error()))
	if m == nil {
		return 0
	}
	code, _ := strconv.ParseUint(m[1], 16, 32)
	return code
}

// isAnswer reports whether err is what a controller answered: what was asked for is
// not done.
func isAnswer(err error) bool {
	var answer *ldap.Error
	return errors.As(err, &answer) && answer.ResultCode < ldap.ErrorNetwork
}

// refusal is a controller's answer, in words.
type refusal struct {
	text  string
	cause error
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.cause }

// explain says why something was not done, and what to do.
func (c *directory) explain(what string, err error) error {
	if !isAnswer(err) {
		return &refusal{fmt.Sprintf("domain controller %s did not answer when it was to %s: %s", c.name, what, words(err)), err}
	}
	text := fmt.Sprintf("domain controller %s does not %s", c.name, what)
	if cure := cureOf(err); cure != "" {
		text += ": " + cure
	}
	return &refusal{text + " (" + words(err) + ")", err}
}

func cureOf(err error) string {
	switch answerCode(err) {
	case quotaExceeded:
		return "users may add a few computers only (ms-DS-MachineAccountQuota), and this one has: have an administrator do it, or prepare the account and give --existing"
	case passwordPolicy:
		return "the password does not meet the domain's policy: most likely the last change is too short ago (minimum password age)"
	case invalidPassword:
		return "the old password is not the account's"
	case alreadyExists:
		return "there is such an account already: give --existing to take it, or choose another name with --account"
	case nameNotUnique, nameNotUniqueOther:
		return "another account of the forest has one of the names: setspn -F -X finds it"
	}
	var answer *ldap.Error
	errors.As(err, &answer)
	switch answer.ResultCode {
	case ldap.LDAPResultInsufficientAccessRights:
		return "this user has not the right to: use an administrator, have the right delegated, or have an administrator prepare the account and give --existing"
	case ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultNamingViolation:
		return "there is no such place, see --ou"
	case ldap.LDAPResultEntryAlreadyExists:
		return "there is something of that name already: give --existing if it is the computer's account, or choose another name with --account"
	case ldap.LDAPResultReferral:
		return "it may change nothing, as a read-only one: give another with --dc"
	case ldap.LDAPResultConstraintViolation:
		return "a value is not as the domain wants it"
	}
	return ""
}
