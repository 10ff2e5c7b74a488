//go:build unix

package statefile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	one, err := Open(folder, "file")
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	two, err := Open(folder, "file")
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if err := Lock(one, 0); err != nil {
		t.Fatal(err)
	}
	if err := Lock(two, time.Millisecond); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	Unlock(one)
	if err := Lock(two, 0); err != nil {
		t.Error(err)
	}
}

func TestCurrent(t *testing.T) {
	folder := t.TempDir()
	f, err := Open(folder, "file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !Current(f) {
		t.Error("not current at once")
	}
	if err := os.Chmod(f.Name(), 0o640); err != nil {
		t.Fatal(err)
	}
	if Current(f) {
		t.Error("open to others, and current")
	}
	if err := os.Remove(f.Name()); err != nil {
		t.Fatal(err)
	}
	if Current(f) {
		t.Error("removed, and current")
	}
	other, err := Open(folder, "file")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if Current(f) || !Current(other) {
		t.Error("the other file is the current one")
	}
}

func TestAlive(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.list", "^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if !Alive(os.Getpid()) || !Alive(1) || Alive(cmd.Process.Pid) || Alive(0) || Alive(-1) {
		t.Error("who lives is not known")
	}
}

func TestDefaultFolder(t *testing.T) {
	for value, want := range map[string]string{
		"/run/user/13": "/run/user/13/squidauth",
		"relative":     filepath.Join(os.TempDir(), filepath.Base(DefaultFolder(func(string) (string, bool) { return "", false }))),
	} {
		if got := DefaultFolder(func(string) (string, bool) { return value, true }); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}
