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

// Verdict is a Backend's answer: yes, no, or could not tell. Only the functions
// Yes, No and Undecided make one; the zero Verdict is undecided.
type Verdict struct {
	outcome  protocol.Outcome
	identity protocol.Identity
	pairs    []protocol.Pair
	reason   Reason
	text     string
	cause    error
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

// Reason is the short code of a verdict in the audit log.
type Reason string

// The reasons.
const (
	Authenticated   Reason = "authenticated"
	NoSuchUser      Reason = "no-such-user"
	WrongPassword   Reason = "wrong-password"
	PasswordTooLong Reason = "password-too-long" // for the hash that is stored
	UnusableHash    Reason = "unusable-hash"
	OneWord         Reason = "one-word" // not a user and a password
	MissingUser     Reason = "missing-user"
	MissingPassword Reason = "missing-password"
	KeyExtras       Reason = "key-extras" // squid.conf and --key-extras differ
	NoPasswordFile  Reason = "no-password-file"
	Overloaded      Reason = "overloaded" // no processor was free in time
)
