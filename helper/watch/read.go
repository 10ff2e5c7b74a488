package watch

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// maxFile bounds a file in bytes: half a million users' passwords.
const maxFile = 64 << 20

// stamp tells one state of a file from another. The zero stamp is like none.
type stamp struct{ info fs.FileInfo }

func (s stamp) same(info fs.FileInfo) bool {
	return s.info != nil && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime()) && os.SameFile(s.info, info)
}

// again returns when a file of that state is to be read once more.
func (s stamp) again(now time.Time) time.Time {
	if s.info == nil {
		return time.Time{}
	}
	if age := now.Sub(s.info.ModTime()); age < 0 || age >= settle {
		return time.Time{}
	}
	return now.Add(settle)
}

// readFile returns the content of a regular file and its state. With an error, a
// state means that the file cannot be good until it changes.
func (c Config[T]) readFile() ([]byte, stamp, error) {
	path := c.Path
	info, err := os.Stat(path)
	if err != nil {
		return nil, stamp{}, c.explain(err, nil)
	}
	// Not to hang when a FIFO is there.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, stamp{}, c.explain(err, info)
	}
	defer f.Close()
	before, err := f.Stat()
	switch {
	case err != nil:
		return nil, stamp{}, err
	case !before.Mode().IsRegular():
		return nil, stamp{before}, fmt.Errorf("%s is not a regular file (%s)", path, describe(before.Mode()))
	case before.Size() > maxFile:
		return nil, stamp{before}, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, stamp{}, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, stamp{}, err
	}
	if !(stamp{before}).same(after) || int64(len(content)) != after.Size() {
		return nil, stamp{}, fmt.Errorf("%s is being written just now: it will be read again", path)
	}
	return content, stamp{before}, nil
}

// explain adds to a refused access what the administrator needs to mend it.
func (c Config[T]) explain(err error, info fs.FileInfo) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s, or correct the path in squid.conf", err, c.Make)
	case !errors.Is(err, fs.ErrPermission):
		return err
	case info == nil:
		return fmt.Errorf("%w: this helper runs as uid %d, gid %d and cannot enter the folder", err, os.Geteuid(), os.Getegid())
	}
	return fmt.Errorf("%w: its mode is %#o, and this helper runs as uid %d, gid %d: %s", err, info.Mode().Perm(), os.Geteuid(), os.Getegid(), cmp.Or(c.Permit, "give the file to that group and mode 0640"))
}

func describe(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
