package child

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestWriteTimeout: nobody reads a request, and the pipe has no room for one, as pipes
// are when there are too many. Who could read it got away from the family.
func TestWriteTimeout(t *testing.T) {
	s := newRunaway(t)
	conn, err := s.now.in.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Control(func(fd uintptr) { _, err = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 4096) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	mustBeBroken(t, s.Handle(ctx, line("YR", strings.Repeat("x", 20<<10))), reasonTimeout)
}
