//go:build unix

package rcache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// openFile is a cache file that is open.
type openFile struct {
	file     *os.File
	fd       uintptr // of file
	tables   tables
	dev, ino uint64

	size   int64         // what it had at least; it never shrinks
	seed   [seedLen]byte // what it had last
	seeded bool          // seed is known

	flock unix.Flock_t
}

// openCacheFile opens or makes the file at path. The flag O_NONBLOCK keeps a
// device or pipe from blocking before it is refused.
func openCacheFile(path string) (*openFile, error) { return openWith(path, os.O_CREATE) }

// check says why the file at path could not be opened or made, and makes none.
func check(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != unix.ENOENT {
		f, err := openWith(path, 0)
		if err == nil {
			err = f.file.Close()
		}
		return err
	}
	folder := filepath.Dir(path)
	switch err := unix.Faccessat(unix.AT_FDCWD, folder, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err {
	case nil:
		return nil
	case unix.EACCES, unix.EROFS:
		return fmt.Errorf("%w: user %d must be allowed to write to its folder", err, os.Geteuid())
	default:
		return fmt.Errorf("%w: its folder must exist", err)
	}
}

func openWith(path string, create int) (*openFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|create|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
	if err != nil {
		return nil, explain(path, err)
	}
	fd := f.Fd()
	var st unix.Stat_t
	if err = unix.Fstat(int(fd), &st); err == nil {
		err = vet(&st, os.Geteuid())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &openFile{file: f, fd: fd, tables: tables{file: f}, dev: uint64(st.Dev), ino: uint64(st.Ino)}, nil
}

// explain says what is wrong with a file that could not be opened.
func explain(path string, err error) error {
	var st unix.Stat_t
	if unix.Lstat(path, &st) == nil {
		if problem := vet(&st, os.Geteuid()); problem != nil {
			return problem
		}
	}
	var where *fs.PathError
	if errors.As(err, &where) {
		err = where.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: its folder must exist", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: user %d must be allowed to write to its folder", err, os.Geteuid())
	}
	return err
}

// vet says what makes a file unfit to hold a cache of the user euid, and the cure.
func vet(st *unix.Stat_t, euid int) error {
	switch kind := uint32(st.Mode) & unix.S_IFMT; {
	case kind == unix.S_IFLNK:
		return errors.New("is a symbolic link, which may lead anywhere: name the file itself, or remove the link")
	case kind == unix.S_IFDIR:
		return errors.New("is a folder: name a file in it")
	case kind != unix.S_IFREG:
		return errors.New("is not a regular file: name another, or remove it")
	case int64(st.Uid) != int64(euid):
		return fmt.Errorf("belongs to user %d, but this program runs as user %d: remove it, or name another file", st.Uid, euid)
	case uint32(st.Mode)&0o077 != 0:
		return fmt.Errorf("is open to other users (mode %04o): run chmod 600 on it", uint32(st.Mode)&0o7777)
	case st.Nlink > 1:
		return fmt.Errorf("has %d names (hard links), so it may be another program's file: remove this one", st.Nlink)
	}
	return nil
}

// is says whether st is the state of this file.
func (f *openFile) is(st *unix.Stat_t) bool {
	return f.ino == uint64(st.Ino) && f.dev == uint64(st.Dev)
}

// begin reads the seed of the locked file, whose size is given. It returns an
// error, once, if what the file held was lost.
func (f *openFile) begin(size int64) error {
	before := f.size
	f.size = size
	if size < before {
		f.seeded = false
		return fmt.Errorf("another program cut the file from %d to %d bytes: authenticators that it held may be forgotten", before, size)
	}
	if err := f.tables.readSeed(); err != nil {
		return err
	}
	f.size = max(f.size, seedLen)
	changed := f.seeded && f.seed != f.tables.seed
	f.seed, f.seeded = f.tables.seed, true
	if changed {
		return errReseeded
	}
	return nil
}

// Waiting for a lock: the first pause and the longest.
const (
	firstPause = 20 * time.Microsecond
	lastPause  = time.Millisecond
)

// lock locks the file against other processes. It asks again and again: a thread
// that waits in the kernel could not be called back at the deadline.
func (f *openFile) lock(deadline time.Time) error {
	f.flock = unix.Flock_t{Type: unix.F_WRLCK}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		switch err := setLock(f.fd, &f.flock); err {
		case nil:
			return nil
		case unix.EAGAIN, unix.EACCES, unix.EINTR:
		default:
			return fmt.Errorf("cannot be locked: %w", err)
		}
		if !time.Now().Before(deadline) {
			return errBusy
		}
		time.Sleep(pause)
	}
}

// unlock lets others in. It does nothing if the file is not locked.
func (f *openFile) unlock() {
	f.flock = unix.Flock_t{Type: unix.F_UNLCK}
	_ = setLock(f.fd, &f.flock) // fails only for what lock refused before
}
