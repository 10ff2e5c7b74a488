//go:build !unix

package state

import (
	"context"
	"errors"
	"os"
)

// Supported says that this system has locks of files.
const Supported = false

// MaxNote bounds a note, in bytes.
const MaxNote = 128

var errNoLocks = errors.New("this system has no locks of files: what processes share cannot be kept")

// Lock is a file that this process has locked. There is none on this system.
type Lock struct{}

// Take returns an error.
func Take(context.Context, string, string) (*Lock, error) { return nil, errNoLocks }

// File returns nil.
func (*Lock) File() *os.File { return nil }

// Unlock does nothing.
func (*Lock) Unlock() {}

// Note returns nothing.
func (*Lock) Note() string { return "" }

// Leave does nothing.
func (*Lock) Leave(string) {}
