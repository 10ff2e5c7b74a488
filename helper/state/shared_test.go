//go:build unix

package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestShared has two processes' files on one path: one waits for the other, and a file
// that was removed or replaced is not used any more.
func TestShared(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	path := filepath.Join(folder, "logins")
	one, two := NewShared(folder, "logins"), NewShared(folder, "logins")
	defer one.Close()
	defer two.Close()
	lock := func(s *Shared) *os.File {
		t.Helper()
		f, err := s.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	same := func(f *os.File) bool {
		a, err1 := f.Stat()
		b, err2 := os.Stat(path)
		return err1 == nil && err2 == nil && os.SameFile(a, b)
	}
	first := lock(one)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := two.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("locked twice: %v", err)
		}
	})
	one.Unlock()
	two.Unlock() // which never had it
	if lock(two) == nil || isFree(t, one) {
		t.Error("the file is not locked")
	}
	two.Unlock()
	for name, harm := range map[string]func() error{
		"removed":  func() error { return os.Remove(path) },
		"replaced": func() error { return errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path)) },
	} {
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		f := lock(one)
		if !same(f) || f == first {
			t.Errorf("%s: the old file is still used", name)
		}
		one.Unlock()
	}
	if f := lock(one); f != again(t, one) {
		t.Error("the file is opened anew each time")
	}
}

// isFree reports whether the file can be locked at once.
func isFree(t *testing.T, s *Shared) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Lock(ctx)
	return err == nil
}

// again unlocks the file and locks it again.
func again(t *testing.T, s *Shared) *os.File {
	t.Helper()
	s.Unlock()
	f, err := s.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f
}
