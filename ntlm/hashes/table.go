package hashes

import (
	"crypto/sha256"
	"errors"

	"squidauth/helper/watch"
	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
)

// table is the content of one file. It is immutable.
type table struct {
	accounts map[string]account // by name in upper case
	sum      [sha256.Size]byte
	notes    watch.Notes
}

// account is one user.
type account struct {
	name string // as the file has it
	hash ntlmssp.Key
	bar  bar
}

// find returns the account of a user. Whoever is unknown gets one with a hash that
// is as good as any to compute with.
func (t *table) find(user string) (a account, known bool) {
	a, known = t.accounts[ntlmssp.Upper(user)]
	return a, known
}

// bar is why an account may not log in.
type bar byte

const (
	none       bar = iota
	noPassword     // or an empty one
	disabled
	locked
	machine // a computer's or another domain's account
)

var errNoPassword = errors.New("the account has no password, or an empty one")

func (b bar) reason() ntlm.Reason {
	switch b {
	case disabled:
		return ntlm.AccountDisabled
	case locked:
		return ntlm.AccountLocked
	}
	return ntlm.LogonRefused
}
