// Package basic answers requests of the Basic scheme: a user name and a password,
// to be checked by a Backend.
package basic

import (
	"context"

	"squidauth/protocol"
)

// A Backend knows who a user is by a password. Authenticate may be called from
// several goroutines, and returns when ctx is done.
type Backend interface {
	Authenticate(ctx context.Context, user string, password protocol.Secret) Verdict
}

// Versioned is a Backend that knows when its answers may change, because all that it
// knows is in a file. Version returns a word that is another one then, and the same in
// every process; it may hold any bytes. Such a Backend asks nobody else.
type Versioned interface {
	Backend
	Version(ctx context.Context) string
}

// Revised is a Backend that goes by files, and besides asks somebody else. Revision
// returns a word that is another one when the files may say something else; it may hold
// any bytes.
type Revised interface {
	Backend
	Revision(ctx context.Context) string
}

// Verdict is a Backend's answer: yes, no, or could not tell. Only the functions
// Yes, No and Undecided make one; the zero Verdict is undecided.
type Verdict struct {
	outcome  protocol.Outcome
	identity protocol.Identity
	pairs    []protocol.Pair
	reason   Reason
	text     string
	cause    error
	by       string

	unanswered bool
	unknown    bool
}

// Yes says that the user is id. The pairs become annotations in Squid.
func Yes(id protocol.Identity, pairs ...protocol.Pair) Verdict {
	return Verdict{outcome: protocol.Accepted, identity: id, pairs: pairs, reason: Authenticated}
}

// No says that user and password do not belong together. The text is what the
// program that the backend replaces says of it; the client sees it only where
// the administrator asks for plain messages.
func No(reason Reason, text string) Verdict {
	return Verdict{outcome: protocol.Denied, reason: reason, text: text}
}

// Undecided says that the backend could not tell, and why, in words that name
// the fault and the cure.
func Undecided(reason Reason, cause error) Verdict {
	return Verdict{reason: reason, cause: cause}
}

// Unanswered is Undecided where a server has been sent the password, and may yet count
// it for a wrong one.
func Unanswered(reason Reason, cause error) Verdict {
	return Verdict{reason: reason, cause: cause, unanswered: true}
}

// Because returns the verdict with what the operator is told besides the reason.
func (v Verdict) Because(cause error) Verdict {
	v.cause = cause
	return v
}

// OfUnknown returns the verdict, a refusal for another reason, with the word that the
// backend does not know the user's name.
func (v Verdict) OfUnknown() Verdict {
	v.unknown = true
	return v
}

// By returns the verdict with the name of who decided, for the audit log. Without one
// it is the Handler's.
func (v Verdict) By(name string) Verdict {
	v.by = name
	return v
}

// Outcome returns whether the answer is yes, no or could not tell.
func (v Verdict) Outcome() protocol.Outcome { return v.outcome }

// IsUnanswered reports that a server has been sent the password and has not answered.
func (v Verdict) IsUnanswered() bool { return v.unanswered }

// IsUnknown reports a refusal for the name, which the backend does not know: another one
// may.
func (v Verdict) IsUnknown() bool {
	return v.outcome == protocol.Denied && (v.unknown || v.reason == NoSuchUser || v.reason == IllegalName)
}

// Reason returns the verdict's code in the audit log.
func (v Verdict) Reason() Reason { return v.reason }

// Identity returns who the user is, if the answer is yes.
func (v Verdict) Identity() protocol.Identity { return v.identity }

// Cause returns why the backend could not tell, or what else it has to say; else nil.
func (v Verdict) Cause() error { return v.cause }

// Text returns what the replaced program says of a no.
func (v Verdict) Text() string { return v.text }

// Who returns the name of who decided; empty if that is who was asked.
func (v Verdict) Who() string { return v.by }

// Reason is the short code of a verdict in the audit log.
type Reason string

// The reasons. A Backend may have others.
const (
	Authenticated   Reason = "authenticated"
	NoSuchUser      Reason = "no-such-user"
	WrongPassword   Reason = "wrong-password" // or, where a server does not say which, no such user
	PasswordTooLong Reason = "password-too-long"
	UnusableHash    Reason = "unusable-hash"
	IllegalName     Reason = "illegal-name" // that the backend cannot have
	OneWord         Reason = "one-word"     // not a user and a password
	MissingUser     Reason = "missing-user"
	MissingPassword Reason = "missing-password"
	NotInGroup      Reason = "not-in-required-group"

	AccountDisabled    Reason = "account-disabled"
	AccountLocked      Reason = "account-locked-out"
	AccountExpired     Reason = "account-expired"
	PasswordExpired    Reason = "password-expired"
	PasswordMustChange Reason = "password-must-change"
	LogonHours         Reason = "logon-hours"
	WrongWorkstation   Reason = "workstation-not-allowed"
	LogonRefused       Reason = "logon-refused" // for another reason

	AccountRevoked Reason = "account-disabled-or-locked" // the server does not say which
	OtherName      Reason = "not-the-accounts-name"      // the server knows the account by it all the same
	NotListed      Reason = "not-in-user-list"
	DeniedUser     Reason = "in-list-of-denied-users"

	KeyExtras      Reason = "key-extras" // squid.conf and --key-extras differ
	NoPasswordFile Reason = "no-password-file"
	Unavailable    Reason = "server-unavailable"
	ServiceAccount Reason = "service-account-refused" // the helper's own, not the user's
	AmbiguousUser  Reason = "ambiguous-user"          // several entries have that name
	Overloaded     Reason = "overloaded"              // no processor or connection was free in time
)
