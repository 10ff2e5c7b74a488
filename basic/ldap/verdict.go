package ldap

import (
	"fmt"
	"regexp"

	"github.com/go-ldap/ldap/v3"

	"squidauth/basic"
	"squidauth/helper/directory/ldapconn"
)

// refused makes a verdict of a server's answer to a bind that is not success. What
// says something of the user is a no; what says something of the server, or of how it
// is asked, is undecided.
func refused(a ldapconn.Answer) basic.Verdict {
	switch a.Policy.Error {
	case ldapconn.AccountLocked:
		return no(basic.AccountLocked)
	case ldapconn.PasswordExpired:
		return no(basic.PasswordExpired)
	}
	switch a.Code {
	case ldap.LDAPResultInvalidCredentials:
		return credentials(a)
	case ldap.LDAPResultNoSuchObject: // of the DN that was made of the name
		return no(basic.NoSuchUser)
	case ldap.LDAPResultInappropriateAuthentication: // the entry has no password
		return no(basic.WrongPassword)
	case ldap.LDAPResultInsufficientAccessRights:
		return no(basic.LogonRefused)
	case ldap.LDAPResultConstraintViolation: // 389 Directory Server: too many wrong passwords
		return no(basic.AccountLocked)
	}
	return undecidedBind(a)
}

// no tells the client the same whatever the reason is, as basic_ldap_auth does: the log
// has it.
func no(reason basic.Reason) basic.Verdict { return basic.No(reason, textRefused) }

// undecidedBind says why the answer tells nothing of the user.
func undecidedBind(a ldapconn.Answer) basic.Verdict {
	reason, cure := Misconfigured, "it does not take the login as it is sent"
	switch a.Code {
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		reason, cure = basic.Unavailable, "it is not ready"
	case ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired:
		cure = "it wants passwords protected: use ldaps:// or StartTLS"
	case ldap.LDAPResultReferral:
		cure = "it does not hold the user's entry, and passwords are not sent where a referral leads to: name the server that does"
	case ldap.LDAPResultInvalidDNSyntax:
		cure = "it cannot read the user's DN: is --base right?"
	case ldap.LDAPResultUnwillingToPerform:
		cure = "it is not willing to log this user in; some servers say so of locked or disabled accounts"
	}
	return basic.Undecided(reason, fmt.Errorf("%s: %s (%s: %s)", a.Server, cure, ldap.LDAPResultCodeMap[a.Code], a.Text))
}

// subCode finds the code of Windows in what Active Directory says of a login that it
// refuses.
var subCode = regexp.MustCompile(`AcceptSecurityContext error, data ([0-9a-fA-F]{1,8})\b`)

// subCodes are those codes of Windows ([MS-ERREF] section 2.2) that say something of
// the user.
var subCodes = map[string]basic.Reason{
	"525": basic.NoSuchUser,
	"52e": basic.WrongPassword,
	"52f": basic.LogonRefused, // a restriction, as of Protected Users
	"530": basic.LogonHours,
	"531": basic.WrongWorkstation,
	"532": basic.PasswordExpired,
	"533": basic.AccountDisabled,
	"534": basic.LogonRefused, // not the right to log on this way
	"701": basic.AccountExpired,
	"773": basic.PasswordMustChange,
	"775": basic.AccountLocked,
}

// serverTroubles are those that say nothing of the user.
var serverTroubles = map[string]string{
	"51f": "it finds no domain controller of the user's domain",
	"6fc": "the trust of the user's domain is broken",
	"6fd": "the trust of the user's domain is broken",
	"6fe": "the trust of the user's domain is broken",
}

// credentials makes a verdict of invalid credentials.
func credentials(a ldapconn.Answer) basic.Verdict {
	m := subCode.FindStringSubmatch(a.Text)
	if m == nil {
		return no(basic.WrongPassword)
	}
	if trouble := serverTroubles[m[1]]; trouble != "" {
		return basic.Undecided(basic.Unavailable, fmt.Errorf("%s: %s (%s)", a.Server, trouble, a.Text))
	}
	if d, known := subCodes[m[1]]; known {
		return no(d)
	}
	return no(basic.LogonRefused)
}

// compareFailed makes a verdict of an error of Pool.Compare.
func compareFailed(err error) basic.Verdict {
	switch ldapconn.AnswerCode(err) {
	case ldap.LDAPResultNoSuchObject:
		return basic.No(basic.NoSuchUser, textRefused)
	case ldap.LDAPResultNoSuchAttribute: // as far as may be seen
		return basic.No(basic.WrongPassword, textRefused)
	}
	return undecided(err)
}

// undecided makes a verdict of an error of a Pool.
func undecided(err error) basic.Verdict {
	switch {
	case ldapconn.IsBusy(err):
		return basic.Undecided(basic.Overloaded, err)
	case ldapconn.IsRefused(err):
		return basic.Undecided(basic.ServiceAccount, err)
	case ldapconn.IsAnswer(err):
		return basic.Undecided(Misconfigured, err)
	}
	return basic.Undecided(basic.Unavailable, err)
}
