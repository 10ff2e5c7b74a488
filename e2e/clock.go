//go:build unix

package e2e

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// fakeTime is the library of Debian's package faketime; the loader knows $LIB.
const fakeTime = "/usr/$LIB/faketime/libfaketime.so.1"

// wrongClock returns the environment of a program whose clock is so far ahead of
// ours. It works with programs that use the C library's clock: not with Go's.
func wrongClock(t testing.TB, ahead time.Duration) []string {
	t.Helper()
	Need(t, "faketime")
	return []string{
		"LD_PRELOAD=" + fakeTime,
		fmt.Sprintf("FAKETIME=%+ds", int(ahead.Seconds())),
		"FAKETIME_DONT_FAKE_MONOTONIC=1", // what programs wait by
	}
}

// SetClock restarts the server with a clock that is so far ahead of ours. No
// client may be using it.
func (k *KDC) SetClock(t testing.TB, ahead time.Duration) {
	t.Helper()
	k.clock = wrongClock(t, ahead)
	if k.quit(); !ended(k.exited) || !k.launch(t) {
		t.Fatalf("krb5kdc did not start again: %s", k.log())
	}
	t.Cleanup(k.quit)
}

// quit ends the server in peace: when it is killed, the library that gave it a
// wrong clock leaves something in /dev/shm.
func (k *KDC) quit() {
	_ = k.cmd.Process.Signal(syscall.SIGTERM) // it may have ended before
	Poll(startTimeout, func() bool { return ended(k.exited) })
}

// Ahead returns the same tickets, for programs whose clock is so far ahead of
// ours.
func (c *Tickets) Ahead(t testing.TB, by time.Duration) *Tickets {
	t.Helper()
	same := *c
	same.clock = wrongClock(t, by)
	return &same
}
