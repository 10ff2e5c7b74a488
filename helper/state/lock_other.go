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

func check(folder, _ string) (string, error) { return folder, errNoLocks }

// Unlock does nothing.
func (*Lock) Unlock() {}

// Note returns nothing.
func (*Lock) Note() string { return "" }

// Leave does nothing.
func (*Lock) Leave(string) {}

// Shared is a file that processes share. There is none on this system.
type Shared struct{ folder string }

// NewShared returns a file that cannot be locked.
func NewShared(folder, _ string) *Shared { return &Shared{folder} }

// Folder returns the folder's path.
func (s *Shared) Folder() string { return s.folder }

// Lock returns an error.
func (*Shared) Lock(context.Context) (*os.File, error) { return nil, errNoLocks }

// Unlock does nothing.
func (*Shared) Unlock() {}

// Close does nothing.
func (*Shared) Close() {}
