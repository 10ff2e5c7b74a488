//go:build unix

package machine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// adopt gives the draft the owner and group of the file at path, or the group of the
// folder if there is no file. The mode comes last: while the draft has another group,
// that must not read it.
func adopt(f *os.File, path string) error {
	owner, mode := -1, os.FileMode(newMode)
	info, err := os.Stat(path)
	if err == nil {
		mode = info.Mode().Perm()&newMode | 0o600
	} else if info, err = os.Stat(filepath.Dir(path)); err != nil {
		return err
	}
	like, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if !info.IsDir() {
		owner = int(like.Uid)
	}
	if err := f.Chown(owner, int(like.Gid)); err != nil {
		if !info.IsDir() {
			return fmt.Errorf("%w: run this as the owner of %s, or as root", err, path)
		}
		mode = 0o600 // not for whatever group this process has
	}
	return f.Chmod(mode)
}

// syncDir makes the new name last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

var errLocked = errors.New("another process is changing the secret file just now")

// lock keeps other processes from changing the file at path, until the closer is
// closed or this process ends. It locks the folder: the file itself is replaced.
func (files) lock(path string) (io.Closer, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		d.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("%s cannot be locked: %w", filepath.Dir(path), err)
	}
	return d, nil
}
