//go:build unix

package machine

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// stat returns the mode and the group of a file.
func stat(t *testing.T, path string) (os.FileMode, uint32) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm(), info.Sys().(*syscall.Stat_t).Gid
}

// TestWrite: a file takes over what its predecessor had, but never for others.
func TestWrite(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	const group = 12345
	isRoot := os.Geteuid() == 0
	if isRoot {
		if err := os.Chown(dir, -1, group); err != nil {
			t.Fatal(err)
		}
	}
	mustWrite := func(content string, want os.FileMode) {
		t.Helper()
		if err := (files{}).write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := (files{}).read(path); err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
		if mode, gid := stat(t, path); mode != want || isRoot && gid != group {
			t.Errorf("mode %v of group %d, want %v", mode, gid, want)
		}
	}
	mustWrite("one", 0o640)
	for before, want := range map[os.FileMode]os.FileMode{0o600: 0o600, 0o640: 0o640, 0o666: 0o640, 0o777: 0o640, 0o400: 0o600} {
		if err := os.Chmod(path, before); err != nil {
			t.Fatal(err)
		}
		mustWrite("two", want)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	// The draft of who was killed, which others can read.
	if err := os.WriteFile(path+draftSuffix, []byte("a longer text"), 0o666); err != nil {
		t.Fatal(err)
	}
	mustWrite("three", 0o640)
	if found, _ := filepath.Glob(dir + "/*"); len(found) != 1 {
		t.Errorf("left over: %v", found)
	}
}

// TestLink: what a link leads to is replaced, and the link stays.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := (files{}).write(link, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Error(to, err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "two" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestRead: what is no file of ours is not read, and that there is none is said.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	if got, err := (files{}).read(filepath.Join(dir, "none")); got != nil || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := (files{}).read(dir); err == nil {
		t.Error("a folder is read")
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (files{}).read(fifo); err == nil {
		t.Error("a pipe is read")
	}
	long := filepath.Join(dir, "long")
	if err := os.WriteFile(long, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (files{}).read(long); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
	if err := (files{}).remove(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
	if err := (files{}).try(filepath.Join(dir, "no", "folder")); err == nil {
		t.Error("a file can be written where there is no folder")
	}
	if err := (files{}).try(long); err != nil {
		t.Error(err)
	}
}

// TestLock: there is one at a time.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	first, err := (files{}).lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (files{}).lock(path); err != errLocked {
		t.Error(err)
	}
	first.Close()
	second, err := (files{}).lock(path)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
}
