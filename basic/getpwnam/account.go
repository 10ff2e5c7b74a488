package getpwnam

import (
	"math"
	"time"

	"squidauth/basic"
	"squidauth/basic/passhash"
)

// account is what a line says of one user. Nobody can log in with the zero account.
type account struct {
	state state
	hash  passhash.Hash // if state is hashed
	terms terms
}

// state says whether there is a hash.
type state uint8

const (
	locked    state = iota // no password can match: the field begins with ! or *
	unusable               // empty, or no hash of crypt(3)
	elsewhere              // "x": in the shadow file
	hashed
)

// terms are the times, in Unix seconds, from which a right password is not enough.
type terms struct {
	account    int64 // the account has expired
	password   int64 // the password has expired, for good
	mustChange int64 // the password must be changed
}

const never = math.MaxInt64

var endless = terms{never, never, never}

// refusal says why a right password is not enough, if so.
func (t terms) refusal(now time.Time) (basic.Reason, string, bool) {
	switch s := now.Unix(); {
	case s >= t.account:
		return basic.AccountExpired, "Account expired", true
	case s >= t.password:
		return basic.PasswordExpired, "Password expired", true
	case s >= t.mustChange:
		return basic.PasswordMustChange, "Password must be changed", true
	}
	return "", "", false
}

// stored reads a password field. The note says what is wrong with it, if it is not
// just locked. It holds no part of the field.
func stored(field string) (account, string) {
	switch {
	case field == "":
		return account{state: unusable}, "this user cannot log in: there is no password"
	case field[0] == '!' || field[0] == '*':
		return account{state: locked}, ""
	}
	h, err := passhash.Parse(field)
	switch {
	case err != nil:
		return account{state: unusable}, "this user cannot log in: " + err.Error()
	case !h.IsCrypt():
		return account{state: unusable}, "this user cannot log in: the system's own programs do not know hashes of type " + string(h.Scheme())
	}
	return account{state: hashed, hash: h, terms: endless}, ""
}
