//go:build unix

package rpc

import (
	"net"
	"syscall"
)

// quiet reports that a connection is open and has nothing to read. Where the
// operating system cannot be asked it says so, too.
func quiet(c net.Conn) bool {
	socket, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	open := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		// What is read here is lost, and should not be there. The descriptor does
		// not block.
		_, err := syscall.Read(int(fd), one[:])
		open = err == syscall.EAGAIN || err == syscall.EINTR
		return true
	})
	return err == nil && open
}
