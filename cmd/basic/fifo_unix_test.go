//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"squidauth/cmd/internal/program"
)

// TestConfigurationFiles: whatever stands in the place of a configuration file, a pipe
// that nobody writes into or a file without an end, is refused at once.
func TestConfigurationFiles(t *testing.T) {
	fifo, huge := filepath.Join(t.TempDir(), "fifo"), filepath.Join(t.TempDir(), "huge")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(huge, []byte("server a\nsecret b\nserver pdc bdc EXAMPLE\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<30); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		fifo: "it is not a regular file (a named pipe)", t.TempDir(): "it is not a regular file (a directory)",
		huge: "it is larger than 65536 bytes", "/dev/zero": "it is not a regular file (a device)",
	} {
		f := radiusFlags{file: path}
		if err := f.readFile(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("radius, %s: %v", path, err)
		}
		if _, err := msntAuth(program.Call{}, []string{path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("msnt_auth, %s: %v", path, err)
		}
	}
}
