//go:build unix

package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		first, err := Take(t.Context(), dir, "a.lock")
		if err != nil {
			t.Fatal(err)
		}
		other, err := Take(t.Context(), dir, "b.lock")
		if err != nil {
			t.Fatal(err)
		}
		other.Unlock()
		first.Leave("a note")
		within, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := Take(within, dir, "a.lock"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("locked twice: %v", err)
		}
		time.AfterFunc(time.Minute, first.Unlock)
		second, err := Take(t.Context(), dir, "a.lock")
		if err != nil {
			t.Fatal(err)
		}
		if note := second.Note(); note != "a note" {
			t.Errorf("%q", note)
		}
		second.Leave("")
		if note := second.Note(); note != "" {
			t.Errorf("%q", note)
		}
		second.Leave(strings.Repeat("x", MaxNote+1))
		if note := second.Note(); note != "" {
			t.Errorf("%q", note)
		}
		second.Unlock()
	})
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "a.lock"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	var none *Lock
	none.Leave("nothing")
	none.Unlock()
	if none.Note() != "" {
		t.Error("a note from nobody")
	}
}

// TestLockRefused: folders and files that others could meddle with are not used.
func TestLockRefused(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(dir string) error // dir is there
		want    string
	}{
		{"folder for all", func(dir string) error { return os.Chmod(dir, 0o777) }, "is open to other users (mode 0777): run chmod go-w on it"},
		{"folder for the group", func(dir string) error { return os.Chmod(dir, 0o770) }, "is open to other users (mode 0770)"},
		{"a link to a folder", func(dir string) error { return errors.Join(os.Rename(dir, dir+"2"), os.Symlink(dir+"2", dir)) }, "is not a folder"},
		{"a file for a folder", func(dir string) error { return errors.Join(os.Remove(dir), os.WriteFile(dir, nil, 0o600)) }, "is not a folder"},
		{"no parent", func(dir string) error { return os.RemoveAll(filepath.Dir(dir)) }, "no such file or directory"},
		{"a link", func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "a.lock")) }, "too many levels of symbolic links"},
		{"a pipe", func(dir string) error { return unix.Mkfifo(filepath.Join(dir, "a.lock"), 0o600) }, "is not a regular file"},
		{"a folder", func(dir string) error { return os.Mkdir(filepath.Join(dir, "a.lock"), 0o700) }, "is a directory"},
		{"file for all", func(dir string) error {
			path := filepath.Join(dir, "a.lock")
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o666))
		}, "is open to other users (mode 0666)"},
		{"another name", func(dir string) error {
			path := filepath.Join(dir, "a.lock")
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Link(path, path+"2"))
		}, "is not a regular file of one name"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "parent", "state")
			if err := errors.Join(os.MkdirAll(dir, 0o700), c.prepare(dir)); err != nil {
				t.Fatal(err)
			}
			if _, err := check(dir, "a.lock"); err == nil {
				t.Error("check: it could be locked")
			}
			l, err := Take(t.Context(), dir, "a.lock")
			if l != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	if os.Geteuid() == 0 {
		dir := t.TempDir()
		if err := os.Chown(dir, 1, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := Take(t.Context(), dir, "a.lock"); err == nil || !strings.Contains(err.Error(), "belongs to user 1, but this program runs as user 0") {
			t.Error(err)
		}
	}
}
