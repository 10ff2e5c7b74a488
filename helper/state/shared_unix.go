//go:build unix

package state

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Shared is a file that processes of this user share, kept open and locked for each use:
// for one that every login needs. It is used by one goroutine at a time.
type Shared struct {
	folder, name string
	file         *os.File // nil: not open
}

// NewShared returns the file with that name in the folder. Both are made when they are
// first needed.
func NewShared(folder, name string) *Shared { return &Shared{folder: folder, name: name} }

// Folder returns the folder's path.
func (s *Shared) Folder() string { return s.folder }

// Lock locks the file and returns it. It waits as long as ctx lasts. A file that somebody
// removed or replaced is opened anew.
func (s *Shared) Lock(ctx context.Context) (*os.File, error) {
	for {
		if err := s.open(); err != nil {
			return nil, err
		}
		if err := flock(ctx, s.file); err != nil {
			s.Close() // the file may be removed because its lock is held for ever
			return nil, err
		}
		var st unix.Stat_t
		err := unix.Fstat(int(s.file.Fd()), &st)
		if err == nil && st.Nlink == 1 {
			return s.file, nil
		}
		s.Close()
		if err != nil {
			return nil, err
		}
	}
}

func (s *Shared) open() error {
	if s.file != nil {
		return nil
	}
	if err := ownFolder(s.folder); err != nil {
		return err
	}
	f, err := openOwn(filepath.Join(s.folder, s.name))
	s.file = f
	return err
}

// Unlock lets others in.
func (s *Shared) Unlock() {
	if s.file != nil && unix.Flock(int(s.file.Fd()), unix.LOCK_UN) != nil {
		s.Close() // which unlocks it as well
	}
}

// Close closes the file.
func (s *Shared) Close() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}
