//go:build unix

package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script writes a program of the shell and returns its path.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun(t *testing.T) {
	t.Setenv("SECRET", "hunter2")
	for text, want := range map[string]Answer{
		`echo "$1|$2"; echo no >&2`:            {"a b|-c\n", "no\n", 0},
		`exit 2`:                               {Status: 2},
		`printf 'ä\000x'`:                      {Output: "ä\x00x"},
		`cat`:                                  {}, // no input
		`echo "$SECRET $LC_ALL"`:               {Output: " C\n"},
		`head -c 9000 /dev/zero >&2; echo end`: {"end\n", strings.Repeat("\x00", maxComplaint), 0},
	} {
		got, err := Run(t.Context(), script(t, text), "a b", "-c")
		if err != nil || got != want {
			t.Errorf("%s: got %d, %.100q, %.100q, %v", text, got.Status, got.Output, got.Complaint, err)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	for text, want := range map[string]error{
		`head -c 65537 /dev/zero`: errTooMuch,
		`kill -9 $$`:              errSignaled,
	} {
		if got, err := Run(t.Context(), script(t, text)); !errors.Is(err, want) || got != (Answer{}) {
			t.Errorf("%s: got %.100q, %v", text, got.Output, err)
		}
	}
	if _, err := Run(t.Context(), "/nonexistent/getent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestTimeout: a program that hangs is killed, and what it started as well.
func TestTimeout(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	if err := syscall.Mkfifo(pids, 0o600); err != nil {
		t.Fatal(err)
	}
	path := script(t, "sleep 1000 & echo $! >"+pids+"\nwait\n")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := Run(ctx, path); done <- err }()
	text, err := os.ReadFile(pids) // written when both run
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, errTimeout) {
		t.Errorf("got %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); running(pid); {
		if time.Now().After(deadline) {
			t.Fatal("what the program started still runs")
		}
	}
}

// running also knows those that ended and were not waited for.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	return !strings.Contains(string(stat), ") Z ")
}
