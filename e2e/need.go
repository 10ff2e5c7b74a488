//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Need returns the path of a program the test cannot do without. When it is
// not installed the test is skipped; where CI=true it fails, because there a
// test that did not run must not look like one that passed.
func Need(t testing.TB, program string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	// Squid is a daemon, and the PATH of ordinary users has no sbin.
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		path := filepath.Join(dir, program)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path
		}
	}
	Lacking(t, "%s is not installed; run e2e/install.sh as root", program)
	return ""
}

// Lacking ends a test that cannot run here, and says why: it is skipped, or
// fails where CI=true.
func Lacking(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
