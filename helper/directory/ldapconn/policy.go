package ldapconn

import (
	"strconv"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/internal/message"
)

// PolicyError is an error that a server's password policy names (draft-behera-ldap-
// password-policy-10 section 6.2).
type PolicyError int8

// The policy errors of a bind. The draft has others, of changes.
const (
	NoPolicyError    PolicyError = -1
	PasswordExpired  PolicyError = 0
	AccountLocked    PolicyError = 1
	ChangeAfterReset PolicyError = 2 // the password must be changed before anything else
)

// Policy is what a server's password policy has to say of a bind. Servers without one
// say nothing.
type Policy struct {
	Error   PolicyError
	Expires time.Duration // until the password expires; negative: nothing is said of that
	Grace   int64         // how often one may log in with an expired password; negative: likewise
}

// controlPolicy asks for the policy, and is what the answer has.
const controlPolicy = ldap.ControlTypeBeheraPasswordPolicy

// policyOf reads the controls of a bind's answer.
func policyOf(controls []message.Control) (Policy, error) {
	p := Policy{Error: NoPolicyError, Expires: -1, Grace: -1}
	for _, c := range controls {
		switch c.Type {
		case controlPolicy:
			said, err := message.ParsePolicy(c.Value)
			if err != nil {
				return p, err
			}
			p.Error, p.Grace = PolicyError(said.Error), said.Grace
			p.setExpiry(said.Expires)
		case ldap.ControlTypeVChuPasswordMustChange: // the older form of the same
			p.Error = ChangeAfterReset
		case ldap.ControlTypeVChuPasswordWarning:
			seconds, err := strconv.ParseInt(string(c.Value), 10, 64)
			if err != nil {
				return p, err
			}
			p.setExpiry(seconds)
		}
	}
	return p, nil
}

func (p *Policy) setExpiry(seconds int64) {
	const most = 100 * 365 * 24 * 3600 // or the number is none
	if seconds >= 0 && seconds < most {
		p.Expires = time.Duration(seconds) * time.Second
	}
}
