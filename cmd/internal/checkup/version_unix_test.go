//go:build unix

package checkup

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestAskSquid: a program that others could have put there is not run.
func TestAskSquid(t *testing.T) {
	const banner = "Squid Cache: Version 9.9"
	for name, tt := range map[string]struct {
		script       string
		file, folder os.FileMode
		runs         bool
	}{
		"as it should be":        {"echo " + banner, 0o755, 0o755, true},
		"everybody's file":       {"echo " + banner, 0o757, 0o755, false},
		"everybody's folder":     {"echo " + banner, 0o755, 0o777, false},
		"it does not know of -v": {"exit 1", 0o755, 0o755, false},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "squid")
		if err := errors.Join(os.WriteFile(path, []byte("#!/bin/sh\n"+tt.script+"\n"), 0o755), os.Chmod(path, tt.file), os.Chmod(dir, tt.folder)); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir+":/usr/bin:/bin")
		if got := askSquid(t.Context()) == banner+"\n"; got != tt.runs {
			t.Errorf("%s: run: %v", name, got)
		}
	}
}
