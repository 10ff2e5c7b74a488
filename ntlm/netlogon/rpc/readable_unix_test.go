//go:build unix

package rpc

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// waitReadable waits until there is something to read, which it leaves there.
func waitReadable(t *testing.T, c net.Conn) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Read(func(fd uintptr) bool {
		_, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK)
		return err != unix.EAGAIN
	})
	if err != nil {
		t.Fatal(err)
	}
}
