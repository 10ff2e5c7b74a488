//go:build unix

package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Waiting for a lock: the first pause and the longest.
const (
	firstPause = 500 * time.Microsecond
	lastPause  = 5 * time.Millisecond
)

// Supported says that this system has locks of files.
const Supported = true

// MaxNote bounds a note, in bytes.
const MaxNote = 128

var (
	errNoFolder = errors.New("is not a folder")
	errNotFile  = errors.New("is not a regular file of one name: remove it")
)

// Lock is a file that this process has locked, and in which processes leave one
// another a note. A nil Lock stands for a lock that could not be had.
type Lock struct{ file *os.File }

// Take locks the file with that name in the folder, which it makes if there is
// none. It waits as long as ctx lasts.
func Take(ctx context.Context, folder, name string) (*Lock, error) {
	if err := ownFolder(folder); err != nil {
		return nil, err
	}
	f, err := openOwn(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	if err := flock(ctx, f); err != nil {
		f.Close()
		return nil, err
	}
	return &Lock{f}, nil
}

// flock locks an open file. It waits as long as ctx lasts.
func flock(ctx context.Context, f *os.File) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == unix.EWOULDBLOCK || err == unix.EINTR {
			if err = sleep(ctx, pause); err == nil {
				continue
			}
		}
		if err != nil {
			return fmt.Errorf("%s cannot be locked: %w", f.Name(), err)
		}
		return nil
	}
}

// sleep waits, and returns an error if ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Unlock lets others in.
func (l *Lock) Unlock() {
	if l != nil {
		l.file.Close()
	}
}

// Note returns what the last one left.
func (l *Lock) Note() string {
	if l == nil {
		return ""
	}
	b, err := io.ReadAll(io.NewSectionReader(l.file, 0, MaxNote+1))
	if err != nil || len(b) > MaxNote {
		return ""
	}
	return string(b)
}

// Leave replaces the note. Whoever cannot write one does without.
func (l *Lock) Leave(note string) {
	if l != nil && l.file.Truncate(0) == nil {
		_, _ = l.file.WriteAt([]byte(note), 0)
	}
}

// ownFolder makes sure that the folder is there, is this user's, and that nobody
// else may write to it.
func ownFolder(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	if uint32(st.Mode)&unix.S_IFMT != unix.S_IFDIR {
		return fmt.Errorf("%s %w", path, errNoFolder)
	}
	return vet(path, &st)
}

// check says why Take would fail, and what of its path is the trouble: the folder or
// the file. It makes nothing.
func check(folder, name string) (where string, err error) {
	var st unix.Stat_t
	switch err := unix.Lstat(folder, &st); {
	case err == unix.ENOENT:
		return folder, writable(filepath.Dir(folder))
	case err != nil:
		return folder, &os.PathError{Op: "lstat", Path: folder, Err: err}
	case uint32(st.Mode)&unix.S_IFMT != unix.S_IFDIR:
		return folder, fmt.Errorf("%s %w", folder, errNoFolder)
	}
	if err := vet(folder, &st); err != nil {
		return folder, err
	}
	path := filepath.Join(folder, name)
	switch err := unix.Lstat(path, &st); {
	case err == unix.ENOENT:
		return folder, writable(folder)
	case err != nil:
		return path, &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	f, err := open(path, 0)
	if err == nil {
		err = f.Close()
	}
	return path, err
}

// writable says why nothing can be made in a folder.
func writable(folder string) error {
	if err := unix.Faccessat(unix.AT_FDCWD, folder, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return &os.PathError{Op: "write to", Path: folder, Err: err}
	}
	return nil
}

// openOwn opens or makes a file of this user's. It does not follow a link, nor hang
// at a device or pipe.
func openOwn(path string) (*os.File, error) { return open(path, os.O_CREATE) }

func open(path string, create int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|create|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(int(f.Fd()), &st); err == nil {
		err = vet(path, &st)
	}
	if err == nil && (uint32(st.Mode)&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1) {
		err = fmt.Errorf("%s %w", path, errNotFile)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// vet says who else could meddle with a folder or file.
func vet(path string, st *unix.Stat_t) error {
	switch euid := os.Geteuid(); {
	case int64(st.Uid) != int64(euid):
		return fmt.Errorf("%s belongs to user %d, but this program runs as user %d: name another folder", path, st.Uid, euid)
	case uint32(st.Mode)&0o022 != 0:
		return fmt.Errorf("%s is open to other users (mode %04o): run chmod go-w on it", path, uint32(st.Mode)&0o7777)
	}
	return nil
}
