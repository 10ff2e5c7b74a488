//go:build !nodb

package db

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"squidauth/basic/passhash"
	"squidauth/protocol"
)

// maxStored bounds a stored password in bytes.
const maxStored = 8192

// Why a stored password can match nothing. No part of it is in these.
var (
	errNull      = errors.New("it is NULL")
	errEmpty     = errors.New("it is empty")
	errLong      = fmt.Errorf("it is longer than %d bytes", maxStored)
	errMD5Stored = errors.New("it looks like an MD5 sum, which --md5 accepts")
	errSHAStored = errors.New("it looks like a SHA-1 sum, which --sha1 accepts")
)

// A stored password, and what of it is accepted.
type stored struct {
	text  string
	forms Forms         // those that text can be
	hash  passhash.Hash // of crypt(3), or zero
}

// read finds out what a stored password can be. The error says why it can be nothing.
func (f Forms) read(text string) (stored, error) {
	switch {
	case text == "":
		return stored{}, errEmpty
	case len(text) > maxStored:
		return stored{}, errLong
	}
	s := stored{text: text, forms: Forms{
		Plaintext: f.Plaintext && !f.Joomla,
		MD5:       f.MD5 && !f.Joomla && isHex(text, md5.Size),
		SHA1:      f.SHA1 && !f.Joomla && isHex(text, sha1.Size),
		Joomla:    f.Joomla && isJoomla(text),
	}}
	hash, err := passhash.Parse(text)
	if err == nil && hash.Scheme() == passhash.MD5Hex {
		hash, err = passhash.Hash{}, errMD5Stored // crypt(3) does not know it
	}
	s.hash = hash
	switch {
	case s.forms != Forms{}:
		return s, nil
	case err != nil && isHex(text, sha1.Size):
		return stored{}, errSHAStored
	case err != nil:
		return stored{}, err
	}
	return s, nil
}

// costs reports whether a comparison takes a hash that is slow by intent.
func (s stored) costs() bool { return s.hash.Scheme() != "" }

// matches compares a password with all that the stored one can be, in constant time.
// An error says that there was no processor.
func (s stored) matches(ctx context.Context, queue *passhash.Queue, password protocol.Secret) (bool, error) {
	given := []byte(password)
	same := 0
	if s.forms.Plaintext {
		same |= s.equals(given)
	}
	if s.forms.MD5 {
		sum := md5.Sum(given)
		same |= s.equals(hex.AppendEncode(nil, sum[:]))
	}
	if s.forms.SHA1 {
		sum := sha1.Sum(given)
		same |= s.equals(hex.AppendEncode(nil, sum[:]))
	}
	if s.forms.Joomla {
		same |= s.equals(joomla(given, s.text))
	}
	if same == 1 || !s.costs() {
		return same == 1, nil
	}
	return queue.Verify(ctx, s.hash, given)
}

// equals returns 1 or 0.
func (s stored) equals(given []byte) int { return subtle.ConstantTimeCompare(given, []byte(s.text)) }

// joomla returns what Joomla 1 and 2 store for a password, with the salt that is
// behind the colon of what is stored.
func joomla(password []byte, stored string) []byte {
	_, salt, _ := strings.Cut(stored, ":")
	sum := md5.Sum(append(password[:len(password):len(password)], salt...))
	return append(append(hex.AppendEncode(nil, sum[:]), ':'), salt...)
}

// isJoomla reports whether this is an MD5 sum, a colon and a salt. As basic_db_auth
// sees it the salt may be empty, and has no colon.
func isJoomla(text string) bool {
	sum, salt, found := strings.Cut(text, ":")
	return found && isHex(sum, md5.Size) && !strings.Contains(salt, ":")
}

// isHex reports whether text is so many bytes in lower-case hexadecimal.
func isHex(text string, size int) bool {
	return len(text) == 2*size && strings.Trim(text, "0123456789abcdef") == ""
}
