package kerberos

import (
	"errors"
	"fmt"
	"time"

	"squidauth/basic"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
)

// Reasons next to those of package basic.
const (
	NoProof      basic.Reason = "password-cannot-be-proved"
	ClockSkew    basic.Reason = "clock-skew"
	NotProtected basic.Reason = "answer-not-protected"
	BadAnswer    basic.Reason = "answer-not-from-the-kdc"
	Unverified   basic.Reason = "kdc-not-verified"
	NoKeytab     basic.Reason = "no-keytab"

	GroupUnknown = basic.Reason(negotiate.GroupUnknown)
)

// Texts for clients of proxies that show them (--plain-messages).
const (
	textWrongPassword   = "Wrong password"
	textNoSuchUser      = "No such user"
	textNotInGroup      = "Not in a group that may use this proxy"
	textAccount         = "Account disabled, locked or expired"
	textPasswordExpired = "Password expired"
)

// denial is why a login is refused.
type denial struct {
	reason basic.Reason
	text   string
	cause  error // for the operator, besides the reason; may be nil
}

// Error implements error.
func (d *denial) Error() string { return string(d.reason) }

var wrongPassword = &denial{reason: basic.WrongPassword, text: textWrongPassword}

// fault is why it cannot be told whether a password is right.
type fault struct {
	reason     basic.Reason
	cause      error
	unanswered bool // a KDC was sent the guess
}

// Error implements error.
func (f *fault) Error() string { return f.cause.Error() }

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.cause }

func faultf(reason basic.Reason, format string, args ...any) *fault {
	return &fault{reason: reason, cause: fmt.Errorf(format, args...)}
}

// verdictOf makes a verdict of an error. What is no denial is no answer.
func verdictOf(err error) basic.Verdict {
	if d := (*denial)(nil); errors.As(err, &d) {
		return basic.No(d.reason, d.text).Because(d.cause)
	}
	switch f := (*fault)(nil); {
	case errors.As(err, &f) && f.unanswered:
		return basic.Unanswered(f.reason, f)
	case f != nil:
		return basic.Undecided(f.reason, f)
	}
	return basic.Undecided(BadAnswer, err)
}

// Error codes of KDCs (RFC 4120 section 7.5.9) that say something about the user.
const (
	nameExpired    = 1
	policy         = 12
	clientRevoked  = 18
	keyExpired     = 23
	preauthFailed  = 24
	badIntegrity   = 31
	clockSkew      = 37
	serviceUnknown = 7
	enctypeUnknown = 14
)

// denials are what a KDC's code says of the user.
var denials = map[int32]*denial{
	initiator.ClientUnknown: {reason: basic.NoSuchUser, text: textNoSuchUser},
	preauthFailed:           wrongPassword,
	badIntegrity:            wrongPassword, // of KDCs of before RFC 4120
	nameExpired:             {reason: basic.AccountExpired, text: textAccount},
	clientRevoked:           {reason: basic.AccountRevoked, text: textAccount},
	keyExpired:              {reason: basic.PasswordExpired, text: textPasswordExpired},
	policy:                  {reason: basic.LogonRefused, text: textAccount},
}

// statuses are what a domain controller adds to that: NTSTATUS, [MS-ERREF] section
// 2.3.1.
var statuses = map[uint32]*denial{
	0xC000006A: wrongPassword,
	0xC0000064: {reason: basic.NoSuchUser, text: textNoSuchUser},
	0xC0000072: {reason: basic.AccountDisabled, text: textAccount},
	0xC0000234: {reason: basic.AccountLocked, text: textAccount},
	0xC0000193: {reason: basic.AccountExpired, text: textAccount},
	0xC0000071: {reason: basic.PasswordExpired, text: textPasswordExpired},
	0xC0000224: {reason: basic.PasswordMustChange, text: textPasswordExpired},
	0xC000006F: {reason: basic.LogonHours, text: textAccount},
	0xC0000070: {reason: basic.WrongWorkstation, text: textAccount},
	0xC000006E: {reason: basic.LogonRefused, text: textAccount}, // STATUS_ACCOUNT_RESTRICTION
}

// refusal says what a KDC's refusal of a ticket-granting ticket means.
func refusal(e *initiator.KDCError, client initiator.Principal, now time.Time) error {
	d, known := denials[e.Code]
	if known {
		if more := statuses[e.Status()]; more != nil && d != wrongPassword {
			d = more
		}
		return d
	}
	switch e.Code {
	case clockSkew:
		return skewed(e, client.Realm, now)
	case enctypeUnknown:
		return faultf(NoProof, "the KDC of %s has no key of %s of a type that is allowed here: it gets AES keys with a new password", client.Realm, client)
	}
	return faultf(basic.Unavailable, "the KDC of %s refuses a ticket for %s with %s", client.Realm, client, inWords(e))
}

func skewed(e *initiator.KDCError, realm string, now time.Time) error {
	off, word := e.Time.Sub(now), "behind"
	if off < 0 {
		off, word = -off, "ahead of"
	}
	return faultf(ClockSkew, "our clock is %v %s that of the KDC of %s: set both by NTP", off.Round(time.Second), word, realm)
}

func inWords(e *initiator.KDCError) string {
	text := e.Error()
	if s := e.Status(); s != 0 {
		text += fmt.Sprintf(", NTSTATUS 0x%08X", s)
	}
	if e.Text != "" {
		text += fmt.Sprintf(" (%.100q)", e.Text)
	}
	return text
}

// noTicket says why there is no ticket for the proxy. The password was right, or the
// KDC is none.
func noTicket(err error, client, service initiator.Principal, now time.Time) error {
	var refused *initiator.KDCError
	var at *kdc.Error
	switch {
	case !errors.As(err, &at):
		return &fault{reason: basic.Unavailable, cause: err}
	case !errors.As(err, &refused):
		return &fault{reason: BadAnswer, cause: err}
	}
	switch refused.Code {
	case policy, clientRevoked:
		return denials[refused.Code]
	case serviceUnknown:
		return faultf(Unverified, "the KDC of %s knows no service %s, which the keytab has: give the principal back to the proxy's account, or name another one of the keytab", at.Service.Realm, at.Service)
	case clockSkew:
		return skewed(refused, at.Service.Realm, now)
	}
	return faultf(Unverified, "the KDC of %s refuses %s a ticket for %s with %s", at.Service.Realm, client, service, inWords(refused))
}

// unverified says why the keytab does not open the ticket.
func unverified(err error, ticket initiator.Credential) error {
	var refused *kerberos.Error
	if errors.As(err, &refused) {
		switch refused.Reason {
		case kerberos.NoKeytab:
			return &fault{reason: NoKeytab, cause: err}
		case kerberos.NoKey, kerberos.BadTicket:
			return faultf(Unverified, "the KDC has not proved that it is one, since its ticket for %s is not made with the keytab's key: the keytab is out of date, or somebody answers in the KDC's place: %w", ticket.Ticket, err)
		}
	}
	return &fault{reason: Unverified, cause: err}
}
