//go:build unix

package try

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"squidauth/protocol"
)

// script starts a helper that is a script of the shell, which writes the number of a
// process to $0 that it leaves behind.
func script(t *testing.T, text string) *helperPeer {
	t.Helper()
	left := filepath.Join(t.TempDir(), "pid")
	h, err := startHelper("basic", []string{"/bin/sh", "-c", text, left})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		content, err := os.ReadFile(left)
		if err != nil {
			return // it left none
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return h
}

// within fails the test if something does not end at all.
func within(t *testing.T, do func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do()
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("it does not end")
	}
}

// TestScript: a helper that is a script, whose programs hold its pipes after its end, is
// waited for no longer than told.
func TestScript(t *testing.T) {
	h := script(t, `sleep 1000 & echo $! >$0; wait`)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	within(t, func() {
		if r := run(ctx, h, basicLogin("alice", "x"), nil); r.err == nil || !strings.Contains(r.err.Error(), "in time") {
			t.Errorf("%+v", r)
		}
		h.close()
	})
}

// TestStays: a helper that does not end with its input is ended.
func TestStays(t *testing.T) {
	h := script(t, `read line; echo OK; sleep 1000 & echo $! >$0; wait`)
	h.grace = 20 * time.Millisecond
	within(t, func() {
		if r := run(t.Context(), h, basicLogin("alice", "x"), nil); r.outcome != protocol.Accepted {
			t.Errorf("%+v", r)
		}
		h.close()
	})
}

// TestLoadWithoutHelper: what keeps all clients from starting a helper is said once.
func TestLoadWithoutHelper(t *testing.T) {
	l := load{logins: 10, atOnce: 5, patience: time.Minute, login: func() login { return basicLogin("alice", "x") }}
	l.peer = func() (peer, error) { return startHelper("basic", []string{"/no/such/helper"}) }
	if _, err := l.run(t.Context()); err == nil || strings.Count(err.Error(), "no such file") != 1 {
		t.Errorf("%v", err)
	}
}
