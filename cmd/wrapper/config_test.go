package main

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

// TestInspected: who only looks at a command line starts no program of it. He may be
// root, and they are to run as somebody else.
func TestInspected(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program is a script")
	}
	dir := t.TempDir()
	script, started := filepath.Join(dir, "script"), filepath.Join(dir, "started")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho >"+started+"\ncat\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := config{commands: commands{ntlm: []string{script}, kerberos: []string{script}}}
	var h helper.Handler
	c.Inspect(func(got helper.Handler) { h = got })
	if err := program.Act(newApp(&c), []string{"wrapper"}); err != nil {
		t.Fatal(err)
	}
	if err := h.(io.Closer).Close(); err != nil { // which waits for programs that run
		t.Fatal(err)
	}
	if _, err := os.Stat(started); err == nil {
		t.Error("it was started")
	}
}
