//go:build unix

package ldapconn

import (
	"net"
	"syscall"
)

// peeker returns what looks at a connection without taking anything from it.
func peeker(c net.Conn) func() presence {
	within, ok := c.(syscall.Conn)
	if !ok {
		return func() presence { return unknown }
	}
	raw, err := within.SyscallConn()
	if err != nil {
		return func() presence { return unknown }
	}
	var one [1]byte
	var found presence
	look := func(fd uintptr) bool {
		found = pending
		switch _, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK); err {
		case syscall.EAGAIN:
			found = quiet
		case syscall.EINTR:
			found = unknown
		}
		return true // not to wait
	}
	return func() presence {
		if raw.Read(look) != nil {
			return pending
		}
		return found
	}
}
