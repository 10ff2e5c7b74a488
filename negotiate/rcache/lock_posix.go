//go:build unix && !linux

package rcache

import "golang.org/x/sys/unix"

// setLock sets or clears a POSIX lock, which is what MIT's library uses where it
// has no locks of open files.
func setLock(fd uintptr, lock *unix.Flock_t) error {
	return unix.FcntlFlock(fd, unix.F_SETLK, lock)
}
