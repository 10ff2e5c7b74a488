//go:build !(pam && cgo)

package pam

import (
	"errors"
	"os"

	"squidauth/protocol"
)

// Linked says whether this program has PAM. Without it nobody is let in.
const Linked = false

var errNotLinked = errors.New("this program is built without PAM: 'make build-pam' builds one with it")

func inquire(Options, string, protocol.Secret) answer { return answer{words: errNotLinked.Error()} }

// Shield fails.
func Shield() (in, out *os.File, err error) { return nil, nil, errNotLinked }
