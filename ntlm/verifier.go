package ntlm

import (
	"context"

	"squidauth/helper/identity"
	"squidauth/ntlm/ntlmssp"
)

// Logon is an AUTHENTICATE message's names and responses, and the challenge that
// they answer ([MS-NLMP] section 2.2.1.3). Names are UTF-8, as the client sent
// them. They are never empty in User; anonymous clients reach no Verifier.
type Logon struct {
	Challenge                 [8]byte
	Domain, User, Workstation string
	LMResponse, NTResponse    []byte
}

// A Verifier knows whether a response was made with a user's password. Verify may
// be called from several goroutines, and returns when ctx is done.
type Verifier interface {
	Verify(ctx context.Context, l *Logon) Verdict
}

// Account is who a Verifier says the client is.
type Account struct {
	identity.Account
	Own    identity.SID   // the user's SID; the zero SID if it is not known
	Groups []identity.SID // Own may be one of them; nil where the verifier knows no groups

	// SessionBaseKey is for MIC and key exchange ([MS-NLMP] section 3.3.2).
	SessionBaseKey ntlmssp.Key
}

// Verdict is a Verifier's answer: yes, no, or could not tell. Only the functions
// Yes, No and Undecided make one; the zero Verdict is undecided.
type Verdict struct {
	outcome outcome
	account *Account
	reason  Reason
	cause   error

	unanswered bool
}

type outcome byte

const (
	undecided outcome = iota
	yes
	no
)

// Yes says that the client is the account.
func Yes(a *Account) Verdict { return Verdict{outcome: yes, account: a, reason: Authenticated} }

// No says that the client is not let in. The cause is for the operator.
func No(reason Reason, cause error) Verdict {
	return Verdict{outcome: no, reason: reason, cause: cause}
}

// Undecided says that the verifier could not tell, and why, in words that name the
// fault and the cure.
func Undecided(reason Reason, cause error) Verdict { return Verdict{reason: reason, cause: cause} }

// Unanswered is Undecided where the response has been sent to somebody who may yet count
// it for a wrong one.
func Unanswered(reason Reason, cause error) Verdict {
	return Verdict{reason: reason, cause: cause, unanswered: true}
}

// Account returns who the client is, if the answer is yes; else nil.
func (v Verdict) Account() *Account {
	if v.outcome != yes {
		return nil
	}
	return v.account
}

// IsNo reports that the client is not let in.
func (v Verdict) IsNo() bool { return v.outcome == no }

// IsUnanswered reports that somebody has been sent the response and has not answered.
func (v Verdict) IsUnanswered() bool { return v.unanswered }

// Reason returns the verdict's code in the audit log.
func (v Verdict) Reason() Reason { return v.reason }

// Cause returns what the Verifier has to say to the operator; it may be nil.
func (v Verdict) Cause() error { return v.cause }

// Reason is the short code of a verdict in the audit log.
type Reason string

// The reasons of verdicts.
const (
	Authenticated      Reason = "authenticated"
	WrongPassword      Reason = "wrong-password"
	NoSuchUser         Reason = "no-such-user"
	AccountDisabled    Reason = "account-disabled"
	AccountLocked      Reason = "account-locked-out"
	AccountExpired     Reason = "account-expired"
	PasswordExpired    Reason = "password-expired"
	PasswordMustChange Reason = "password-must-change"
	LogonHours         Reason = "logon-hours"
	WrongWorkstation   Reason = "workstation-not-allowed"
	LogonRefused       Reason = "logon-refused" // by the domain, for another reason
	NoDomainController Reason = "no-domain-controller"
	MachineAccount     Reason = "machine-account-refused"
	ServerClock        Reason = "clock-of-the-server"
	Saturated          Reason = "domain-controller-saturated"
	NoHashFile         Reason = "no-hash-file"
)
