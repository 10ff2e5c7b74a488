//go:build unix

package metrics

import (
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"squidauth/protocol"
)

// TestMode: another user can read the file, whatever umask Squid has given its helpers.
func TestMode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "metrics")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer syscall.Umask(syscall.Umask(0o077))
	f := Open(dir, protocol.Basic, slog.New(slog.DiscardHandler))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(f.path())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o644 {
		t.Errorf("mode %04o", info.Mode().Perm())
	}
}
