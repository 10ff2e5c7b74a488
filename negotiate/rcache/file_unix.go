//go:build unix

package rcache

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockWait bounds how long one call waits for the file. Those who behave hold the
// lock for microseconds; a helper's request has seconds.
const lockWait = 2 * time.Second

// maxSwitches bounds how often one call follows a file that is being replaced.
const maxSwitches = 4

var (
	errBusy     = fmt.Errorf("locked by others for longer than %v", lockWait)
	errRestless = errors.New("the file is being replaced again and again")
	errReseeded = errors.New("another program wrote over the file: authenticators that it held may be forgotten")
)

// File is a cache in a file, in MIT's format "file2". Its memory is shared by all
// who have the file open, in this process and in others. It is safe for concurrent
// use by goroutines. Outside of Linux a process must not have two Files of one
// path: POSIX locks do not keep them apart.
type File struct {
	path string
	ages ages

	turn chan struct{} // holds a token while a call is at work on what follows
	cur  *openFile     // nil once closed
	stat unix.Stat_t
}

var _ Cache = (*File)(nil)

// OpenFile opens the cache in the file at path, and makes the file if there is
// none. The package comment says what lifetime is. The file must be a regular one
// that belongs to the effective user and that nobody else may read or write.
func OpenFile(path string, lifetime time.Duration) (*File, error) {
	ages, err := newAges(lifetime)
	if err != nil {
		return nil, err
	}
	cur, err := openCacheFile(path)
	if err != nil {
		return nil, fmt.Errorf("replay cache %s: %w", path, err)
	}
	return &File{path: path, ages: ages, turn: make(chan struct{}, 1), cur: cur}, nil
}

// Close closes the file. Seen then returns an error.
func (c *File) Close() error {
	c.turn <- struct{}{}
	defer c.leave()
	if c.cur == nil {
		return os.ErrClosed
	}
	err := c.cur.file.Close()
	c.cur = nil
	return err
}

// Seen implements Cache. It waits 2 seconds at most for others who use the file.
func (c *File) Seen(tag []byte, now time.Time) (bool, error) {
	seen, err := c.seen(tag, now)
	if err != nil {
		return true, fmt.Errorf("replay cache %s: %w", c.path, err)
	}
	return seen, nil
}

func (c *File) seen(tag []byte, now time.Time) (bool, error) {
	k, err := makeKey(tag)
	if err != nil {
		return false, err
	}
	stamp, horizon, err := c.ages.of(now)
	if err != nil {
		return false, err
	}
	deadline := time.Now().Add(lockWait)
	if err := c.enter(deadline); err != nil {
		return false, err
	}
	defer c.leave()
	if c.cur == nil {
		return false, os.ErrClosed
	}
	defer func() { c.cur.unlock() }()
	if err := c.prepare(deadline, horizon); err != nil {
		return false, err
	}
	seen, end, err := c.cur.tables.insert(k, stamp, horizon)
	c.cur.size = max(c.cur.size, end)
	return seen, err
}

// enter waits for the other goroutines.
func (c *File) enter(deadline time.Time) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-timer.C:
		return errBusy
	}
}

func (c *File) leave() { <-c.turn }

// prepare locks the file that is at the path now and reads its seed.
func (c *File) prepare(deadline time.Time, horizon int64) error {
	for range maxSwitches {
		if err := c.cur.lock(deadline); err != nil {
			return err
		}
		err := unix.Lstat(c.path, &c.stat)
		if err == nil && c.cur.is(&c.stat) {
			if err := vet(&c.stat, os.Geteuid()); err != nil {
				return err
			}
			return c.cur.begin(c.stat.Size)
		}
		if err != nil && err != unix.ENOENT {
			return err
		}
		if err := c.follow(deadline, horizon); err != nil {
			return err
		}
	}
	return errRestless
}

// follow goes over from a file that is no longer at the path to the one that is,
// and takes along what it knows. The old file stays locked meanwhile, so those who
// come over one after the other find each other's records.
func (c *File) follow(deadline time.Time, horizon int64) error {
	next, err := openCacheFile(c.path)
	if err != nil {
		return err
	}
	if next.ino == c.cur.ino && next.dev == c.cur.dev { // it came back
		return next.file.Close()
	}
	err = next.lock(deadline)
	if err == nil {
		err = next.tables.readSeed()
	}
	if err == nil {
		_, err = c.cur.tables.copyTo(&next.tables, horizon)
	}
	if err != nil {
		next.file.Close()
		return err
	}
	c.cur.file.Close()
	c.cur = next
	return nil
}
