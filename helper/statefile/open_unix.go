//go:build unix

package statefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Supported says that this system has what it takes.
const Supported = true

// ErrBusy says that others held the lock for the whole time.
var ErrBusy = errors.New("is locked by another process")

// Waiting for a lock: the first pause and the longest.
const (
	firstPause = 20 * time.Microsecond
	lastPause  = 2 * time.Millisecond
)

// Open opens the file with that name in the folder, for reading and writing. It makes
// the file if there is none, and the folder if its parent exists. Both must be this
// user's, and closed to others; links are not followed.
func Open(folder, name string) (*os.File, error) {
	if err := ownFolder(folder); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, name)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
	if err != nil {
		return nil, err
	}
	if err := vetFile(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Lock locks the file against other processes until Unlock, or until it is closed.
// After the time it gives up with ErrBusy: a thread that waits in the kernel could not
// be called back.
func Lock(f *os.File, within time.Duration) error {
	deadline := time.Now().Add(within)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
		case nil:
			return nil
		case unix.EWOULDBLOCK, unix.EINTR:
		default:
			return fmt.Errorf("%s cannot be locked: %w", f.Name(), err)
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("%s %w", f.Name(), ErrBusy)
		}
		time.Sleep(pause)
	}
}

// Unlock lets others in.
func Unlock(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// Current reports that the file is the one that others find at its path, and still fit
// for use: one that was removed or replaced is not.
func Current(f *os.File) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(here, there) && vetFile(f) == nil
}

func ownFolder(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	if uint32(st.Mode)&unix.S_IFMT != unix.S_IFDIR {
		return fmt.Errorf("%s is not a folder", path)
	}
	return vet(path, &st, 0o022)
}

func vetFile(f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return &os.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	if uint32(st.Mode)&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 {
		return fmt.Errorf("%s is not a regular file of one name: remove it", f.Name())
	}
	return vet(f.Name(), &st, 0o077)
}

// vet says who else could meddle with a folder or file.
func vet(path string, st *unix.Stat_t, others uint32) error {
	switch euid := os.Geteuid(); {
	case int64(st.Uid) != int64(euid):
		return fmt.Errorf("%s belongs to user %d, but this program runs as user %d: name another folder", path, st.Uid, euid)
	case uint32(st.Mode)&others != 0:
		return fmt.Errorf("%s is open to other users (mode %04o): run chmod go-rwx on it", path, uint32(st.Mode)&0o7777)
	}
	return nil
}

// Alive reports whether there is a process with that number.
func Alive(pid int) bool { return pid > 0 && unix.Kill(pid, 0) != unix.ESRCH }
