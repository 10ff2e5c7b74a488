package rcache

import "golang.org/x/sys/unix"

// setLock sets or clears a lock that belongs to the open file, not to the process,
// as MIT's library does. Kernels without such locks say EINVAL.
func setLock(fd uintptr, lock *unix.Flock_t) error {
	err := unix.FcntlFlock(fd, unix.F_OFD_SETLK, lock)
	if err == unix.EINVAL {
		err = unix.FcntlFlock(fd, unix.F_SETLK, lock)
	}
	return err
}
