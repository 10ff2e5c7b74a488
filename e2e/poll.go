//go:build unix

package e2e

import (
	"testing"
	"time"
)

// pollEvery is short enough that nobody waits for it, and long enough that a
// condition which starts a process does not load the machine.
const pollEvery = 20 * time.Millisecond

// Poll calls ok until it returns true or the time is over, and reports whether
// it returned true.
func Poll(timeout time.Duration, ok func() bool) bool {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if ok() {
			return true
		}
		select {
		case <-deadline.C:
			return ok()
		case <-tick.C:
		}
	}
}

// Eventually polls like Poll and ends the test when the time is over. What is
// the condition in words.
func Eventually(t testing.TB, timeout time.Duration, what string, ok func() bool) {
	t.Helper()
	if !Poll(timeout, ok) {
		t.Fatalf("not within %v: %s", timeout, what)
	}
}
