//go:build !unix

package netlogon

import (
	"context"
	"errors"
)

var errNoLocks = errors.New("this system has no locks of files: give each process a machine account of its own")

// lockFile is a file that this process has locked. There is none on this system.
type lockFile struct{}

func takeLock(context.Context, string, string) (*lockFile, error) { return nil, errNoLocks }

func (*lockFile) unlock()      {}
func (*lockFile) note() string { return "" }
func (*lockFile) leave(string) {}
