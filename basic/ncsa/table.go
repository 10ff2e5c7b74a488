package ncsa

import (
	"crypto/sha256"

	"squidauth/basic/passhash"
	"squidauth/helper/watch"
)

// table is the content of one password file. It is immutable.
type table struct {
	hashes []passhash.Hash
	users  map[string]int // name → index of its hash, or unusable
	folded map[string]int // the same by lower-case name; nil when all names are
	key    [sha256.Size]byte
	notes  watch.Notes
	tally
}

// Instead of an index: users who cannot log in.
const (
	unusable  = -1 // the stored hash is none
	ambiguous = -2 // several names differ only by case
)

// find returns the hash of user. Whoever cannot log in gets a decoy, chosen by
// name, so that the time a refusal takes does not tell who exists.
func (t *table) find(user string, ignoreCase bool) (h passhash.Hash, known, usable bool) {
	i, known := t.users[user]
	if !known && ignoreCase {
		i, known = t.findFolded(lowerASCII(user))
	}
	if known && i >= 0 {
		return t.hashes[i], true, true
	}
	return t.decoy(user), known, false
}

func (t *table) findFolded(lower string) (int, bool) {
	if t.folded == nil {
		i, ok := t.users[lower]
		return i, ok
	}
	i, ok := t.folded[lower]
	return i, ok
}

// decoy picks one of the file's hashes.
func (t *table) decoy(user string) passhash.Hash { return passhash.Decoy(t.hashes, t.key, user) }
