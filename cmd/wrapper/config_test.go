package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/negotiate"
)

// TestInspected: who only looks at a command line starts no program of it. He may be
// root, and they are to run as somebody else.
func TestInspected(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "started")
	marking := []string{"/bin/sh", "-c", "touch " + mark + "; cat"}
	c := config{commands: commands{ntlm: marking, kerberos: marking}}
	var h helper.Handler
	c.Inspect(func(got helper.Handler) { h = got })
	if err := program.Act(newApp(&c), []string{"wrapper"}); err != nil {
		t.Fatal(err)
	}
	w := h.(*negotiate.Wrapper)
	if w.NTLM == nil || w.Kerberos == nil {
		t.Error("there is nothing to look at")
	}
	if err := w.Close(); err != nil { // which waits for the end of what was started
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was started: %v", err)
	}
}
