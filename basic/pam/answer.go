package pam

import (
	"fmt"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// status is what a transaction came to. PAM's own numbers differ between systems.
type status uint8

const (
	broken status = iota // none of those below
	accepted

	// The user is refused.
	wrongPassword
	noSuchUser
	tooManyTries
	refused
	accountExpired
	passwordExpired
	passwordMustChange

	// The modules cannot work.
	noRights
	unavailable
)

// answer is the end of one transaction. The zero answer is no answer.
type answer struct {
	status  status
	words   string        // PAM's own for the status
	delay   time.Duration // that modules ask for before a refusal is told
	said    []string      // by modules to the user
	puzzled bool          // a module asked what only a person can answer
}

var refusals = map[status]basic.Reason{
	wrongPassword:      basic.WrongPassword,
	noSuchUser:         basic.NoSuchUser,
	tooManyTries:       basic.AccountLocked,
	refused:            basic.LogonRefused,
	accountExpired:     basic.AccountExpired,
	passwordExpired:    basic.PasswordExpired,
	passwordMustChange: basic.PasswordMustChange,
}

// verdict leaves the client without a text, as basic_pam_auth does.
func (a answer) verdict(user, service string) basic.Verdict {
	reason, no := refusals[a.status]
	switch {
	case a.status == accepted:
		return basic.Yes(protocol.Identity{User: user})
	case a.puzzled:
		return basic.Undecided(basic.Unavailable, fmt.Errorf("PAM service %s has a module that asks for more than a user and a password: take it out of that service (%s)", service, a.words))
	case no:
		return basic.No(reason, "")
	case a.status == noRights:
		return basic.Undecided(basic.ServiceAccount, fmt.Errorf("a module of PAM service %s lacks the rights to look passwords up: %s: this helper runs as Squid's user, and pam_unix wants root", service, a.words))
	case a.status == unavailable:
		return basic.Undecided(basic.Unavailable, fmt.Errorf("a module of PAM service %s does not reach what knows the passwords: %s", service, a.words))
	}
	return basic.Undecided(basic.Unavailable, fmt.Errorf("the modules of PAM service %s do not work: %s: syslog may tell more; if the service has pam_exec, that may mean a wrong password, and a pam_deny behind it says so", service, a.words))
}
