package kerberos

import (
	"errors"
	"fmt"
)

// Reason is the short code of a refusal, for the audit log.
type Reason string

// The reasons. The first group are the client's: with another ticket it may
// succeed, as with NoKey. Of the others the operator must do something.
const (
	Malformed      Reason = "malformed-token"
	BadTicket      Reason = "ticket-does-not-decrypt"
	BadMatch       Reason = "authenticator-is-for-another-client"
	Expired        Reason = "ticket-expired"
	NotYetValid    Reason = "ticket-not-yet-valid"
	ClockSkew      Reason = "clock-skew"
	Replay         Reason = "replay"
	WeakEncryption Reason = "encryption-not-permitted"
	BadName        Reason = "illegal-name"
	ForeignRealm   Reason = "realm-not-allowed"
	Transited      Reason = "transited-realm-not-allowed"
	UserToUser     Reason = "user-to-user"

	NoKeytab    Reason = "no-keytab"
	NoKey       Reason = "no-key-for-ticket"
	ReplayCache Reason = "replay-cache"
	Internal    Reason = "internal"
)

// Error says why a token was not accepted, in words for the operator.
type Error struct {
	Reason Reason
	Client string // user@REALM of a genuine ticket; empty if it was none
	text   string
	cause  error
}

// Error implements error.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.text + ": " + e.cause.Error()
	}
	return e.text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// ServerFault reports whether no client can succeed until the operator acts.
func (e *Error) ServerFault() bool {
	switch e.Reason {
	case NoKeytab, ReplayCache, Internal:
		return true
	}
	return false
}

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, text: fmt.Sprintf(format, args...)}
}

func (e *Error) because(err error) *Error {
	e.cause = err
	return e
}

// missedKey reports whether another keytab may have the key.
func missedKey(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Reason == NoKey || e.Reason == BadTicket)
}

// ofClient says of an error whose genuine ticket it is about.
func ofClient(err error, t *ticket) error {
	var e *Error
	if errors.As(err, &e) {
		e.Client = t.cname.unparse() + "@" + t.crealm
	}
	return err
}
