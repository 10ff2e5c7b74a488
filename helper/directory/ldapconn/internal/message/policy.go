package message

import "math"

// Policy is a password policy's response control (draft-behera-ldap-password-policy-10
// section 6.2). What is not said is -1.
type Policy struct {
	Expires int64 // seconds until the password does
	Grace   int64 // how often one may log in with a password that has expired
	Error   int64 // 0 to 8
}

// The tags of its parts.
const (
	tagWarning     = 0xa0
	tagPolicyError = 0x81
	tagExpires     = 0x80 // of the warning
	tagGrace       = 0x81 // likewise
)

// maxPolicyError is the last error that the draft names.
const maxPolicyError = 8

// ParsePolicy reads the control's value.
func ParsePolicy(value []byte) (Policy, error) {
	none := Policy{-1, -1, -1}
	all := elements(value)
	rest, ok := all.take(tagSequence)
	if !ok || len(all) > 0 {
		return none, errMessage
	}
	p := none
	if rest.has(tagWarning) {
		_, warning, ok := rest.next()
		switch {
		case ok && warning.has(tagExpires):
			p.Expires, ok = warning.number(tagExpires, math.MaxInt32)
		case ok && warning.has(tagGrace):
			p.Grace, ok = warning.number(tagGrace, math.MaxInt32)
		}
		if !ok {
			return none, errMessage
		}
	}
	if rest.has(tagPolicyError) {
		if p.Error, ok = rest.number(tagPolicyError, maxPolicyError); !ok {
			return none, errMessage
		}
	}
	return p, nil
}
