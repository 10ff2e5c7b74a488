//go:build unix

package ldapconn

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// looker returns what looks whether something came in on a connection, and waits for
// that so long. It takes nothing from it.
func looker(c net.Conn) func(wait time.Duration) presence {
	within, ok := c.(syscall.Conn)
	if !ok {
		return lookBlindly
	}
	raw, err := within.SyscallConn()
	if err != nil {
		return lookBlindly
	}
	var fds [1]unix.PollFd
	var milliseconds int
	var found presence
	poll := func(fd uintptr) bool {
		fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		switch n, err := unix.Poll(fds[:], milliseconds); {
		case err != nil: // a signal, at most
			found = unknown
		case n == 0:
			found = quiet
		default:
			found = pending
		}
		return true
	}
	return func(wait time.Duration) presence {
		milliseconds = int(wait.Milliseconds())
		if raw.Read(poll) != nil { // it is closed, or its time is up
			return pending
		}
		return found
	}
}
