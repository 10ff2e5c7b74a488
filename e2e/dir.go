//go:build unix

package e2e

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
)

// squidUser is whom Debian's Squid and its helpers become when root starts
// them.
const squidUser = "proxy"

// newDir makes a temporary folder that every user can read. The testing
// package's own folders cannot be used: only their owner may enter them, and
// Squid's helpers run as another user.
func newDir() (string, error) {
	dir, err := os.MkdirTemp("", "squidauth-e2e-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755) // user proxy has to read it
}

// Dir returns a temporary folder for one test which user proxy can read. It is
// removed when the test ends.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := newDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	for up := filepath.Dir(dir); up != "/"; up = filepath.Dir(up) {
		if info, err := os.Stat(up); err == nil && info.Mode()&0o001 == 0 {
			t.Fatalf("user %s cannot enter %s: set TMPDIR to a folder that all may enter", squidUser, up)
		}
	}
	return dir
}

// ProxyDir returns a temporary folder like Dir in which user proxy can create
// files.
func ProxyDir(t testing.TB) string {
	t.Helper()
	dir, err := writableDir(Dir(t), "proxy")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// writableDir makes a folder below dir in which Squid can create files.
func writableDir(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.Mkdir(path, 0o755); err != nil {
		return "", err
	}
	if os.Getuid() != 0 {
		return path, nil // Squid stays the user we are
	}
	u, err := user.Lookup(squidUser)
	if err != nil {
		return "", err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return "", err
	}
	return path, os.Chown(path, uid, -1)
}
