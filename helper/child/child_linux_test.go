package child

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestWriteTimeout: a program that does not read its requests, and a pipe that has no
// room for one, as pipes are when there are too many.
func TestWriteTimeout(t *testing.T) {
	s := newStage(t, Config{Command: []string{lookPath(t, "sleep"), "1000"}})
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
