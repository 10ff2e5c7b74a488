//go:build unix

package ldapconn

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// looker returns what looks whether something came in on a connection, and takes nothing
// from it.
func looker(c net.Conn) func() presence {
	within, ok := c.(syscall.Conn)
	if !ok {
		return lookBlindly
	}
	raw, err := within.SyscallConn()
	if err != nil {
		return lookBlindly
	}
	var one [1]unix.PollFd
	found := unknown
	poll := func(fd uintptr) bool {
		one[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		switch n, err := unix.Poll(one[:], 0); {
		case err != nil:
			found = unknown
		case n == 0:
			found = quiet
		default:
			found = pending
		}
		return true // it does not wait
	}
	return func() presence {
		if raw.Read(poll) != nil { // it is closed, or its time is up
			return pending
		}
		return found
	}
}
