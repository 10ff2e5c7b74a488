//go:build unix

package rcache

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

func open(t testing.TB, path string) *File {
	t.Helper()
	c, err := OpenFile(path, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "rcache2") }

func TestFileModel(t *testing.T) { checkModel(t, open(t, newPath(t)), 30_000) }

// TestFileGoroutines: of those who present one tag at once, one gets through.
func TestFileGoroutines(t *testing.T) {
	path := newPath(t)
	for name, caches := range map[string][]Cache{
		"one file":  {open(t, path)},
		"two files": {open(t, path+"2"), open(t, path+"2")}, // Linux: locks of open files
		"memory":    {newMemory(t, 10_000)},
	} {
		const tags, goroutines = 500, 8
		var accepted [tags]atomic.Int32
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for n := range uint64(tags) {
					seen, err := caches[g%len(caches)].Seen(tagOf(n), start)
					if err != nil {
						t.Error(err)
					} else if !seen {
						accepted[n].Add(1)
					}
				}
			})
		}
		wg.Wait()
		for n := range accepted {
			if a := accepted[n].Load(); a != 1 {
				t.Errorf("%s: tag %d was accepted %d times", name, n, a)
			}
		}
	}
}

func TestFileIsMade(t *testing.T) {
	path := newPath(t)
	mustSee(t, open(t, path), tagOf(1), start, false)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Error(info.Mode(), err)
	}
	mustSee(t, open(t, path), tagOf(1), start, true)
}

func TestFileClosed(t *testing.T) {
	c := open(t, newPath(t))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := mustFail(t, c, tagOf(1), start); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if err := c.Close(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// TestUnfit: what OpenFile refuses, and with which words.
func TestUnfit(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		make func(path string) error
		want string
	}{
		{"symlink", func(p string) error { return os.Symlink("elsewhere", p) }, "symbolic link"},
		{"folder", func(p string) error { return os.Mkdir(p, 0o700) }, "is a folder"},
		{"pipe", func(p string) error { return unix.Mkfifo(p, 0o600) }, "not a regular file"},
		{"socket", makeSocket, "not a regular file"},
		{"group", func(p string) error { return makeFile(p, 0o640) }, "(mode 0640): run chmod 600"},
		{"others", func(p string) error { return makeFile(p, 0o602) }, "(mode 0602): run chmod 600"},
		{"links", func(p string) error { return errors.Join(makeFile(p, 0o600), os.Link(p, p+"2")) }, "2 names"},
		{"none/none", func(string) error { return nil }, "its folder must exist"},
	} {
		path := filepath.Join(dir, c.name)
		if err := c.make(path); err != nil {
			t.Fatal(c.name, err)
		}
		_, err := OpenFile(path, lifetime)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "replay cache "+path+": ") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := OpenFile(newPath(t), 0); err == nil {
		t.Error("no lifetime")
	}
}

func makeFile(path string, mode os.FileMode) error {
	return errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, mode))
}

func makeSocket(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrUnix{Name: path})
}

func TestOwner(t *testing.T) {
	path := newPath(t)
	open(t, path)
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatal(err)
	}
	if err := vet(&st, os.Geteuid()); err != nil {
		t.Error(err)
	}
	if err := vet(&st, os.Geteuid()+1); err == nil || !strings.Contains(err.Error(), "belongs to user") {
		t.Error(err)
	}
	if os.Geteuid() != 0 {
		return // only root can give files away
	}
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path, lifetime); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Error(err)
	}
}

// TestModeChanges: a file that is opened to others is refused while it is.
func TestModeChanges(t *testing.T) {
	path := newPath(t)
	c := open(t, path)
	mustSee(t, c, tagOf(1), start, false)
	os.Chmod(path, 0o666)
	mustFail(t, c, tagOf(1), start)
	os.Chmod(path, 0o600)
	mustSee(t, c, tagOf(1), start, true)
}

// TestRemoved: who has the file open takes what it held into the next.
func TestRemoved(t *testing.T) {
	path := newPath(t)
	a, b := open(t, path), open(t, path)
	mustSee(t, a, tagOf(1), start, false)
	mustSee(t, b, tagOf(2), start, false)
	os.Remove(path)
	mustSee(t, a, tagOf(2), start, true)
	mustSee(t, a, tagOf(3), start, false)
	for n := range uint64(3) {
		mustSee(t, b, tagOf(n+1), start, true)
		mustSee(t, open(t, path), tagOf(n+1), start, true)
	}
}

// TestReplaced: another program's file takes the place, with records of its own;
// then one that is unfit; then the first comes back.
func TestReplaced(t *testing.T) {
	path := newPath(t)
	c := open(t, path)
	mustSee(t, c, tagOf(1), start, false)
	mustSee(t, open(t, path+"2"), tagOf(2), start, false)
	os.Rename(path, path+"1")
	os.Rename(path+"2", path)
	mustSee(t, c, tagOf(2), start, true)
	mustSee(t, c, tagOf(1), start, true)
	mustSee(t, c, tagOf(3), start, false)

	os.Rename(path, path+"3")
	os.Symlink(path+"1", path)
	if err := mustFail(t, c, tagOf(4), start); !strings.Contains(err.Error(), "symbolic link") {
		t.Error(err)
	}
	os.Remove(path)
	os.Rename(path+"3", path)
	for n := range uint64(3) {
		mustSee(t, c, tagOf(n+1), start, true)
	}
	mustSee(t, c, tagOf(4), start, false)
}

// TestCut: a file that was cut short gives one error. What was kept is known.
func TestCut(t *testing.T) {
	for _, size := range []int64{0, 5, 16, 8192} {
		path := newPath(t)
		c := open(t, path)
		for n := range uint64(500) {
			mustSee(t, c, tagOf(n), start, false)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		if err := mustFail(t, c, tagOf(1000), start); !strings.Contains(err.Error(), "another program cut the file") {
			t.Error(err)
		}
		mustSee(t, c, tagOf(1000), start, false)
		mustSee(t, c, tagOf(1000), start, true)
	}
}

func TestSeedChanged(t *testing.T) {
	path := newPath(t)
	c := open(t, path)
	mustSee(t, c, tagOf(1), start, false)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("another seed 16b"), 0); err != nil {
		t.Fatal(err)
	}
	if err := mustFail(t, c, tagOf(2), start); !errors.Is(err, errReseeded) {
		t.Error(err)
	}
	mustSee(t, c, tagOf(2), start, false)
}

// TestStuck: one who holds the lock for ever keeps nobody for ever, neither the
// first in the queue nor those behind.
func TestStuck(t *testing.T) {
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		stuck, c := open(t, path), open(t, path)
		if err := stuck.cur.lock(time.Now()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		var wg sync.WaitGroup
		for n := range uint64(5) {
			wg.Go(func() {
				if err := mustFail(t, c, tagOf(n), start); !errors.Is(err, errBusy) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(begin); took < lockWait || took > lockWait+10*time.Millisecond {
			t.Errorf("waited %v", took)
		}
		stuck.cur.unlock()
		mustSee(t, c, tagOf(1), start, false)
	})
}

// TestVandal: somebody cuts, removes and overwrites the file while it is used.
// Nothing panics or hangs.
func TestVandal(t *testing.T) {
	path := newPath(t)
	c := open(t, path)
	rnd := rand.New(rand.NewPCG(7, 8))
	for n := range uint64(1000) {
		switch rnd.IntN(20) {
		case 0:
			os.Truncate(path, rnd.Int64N(70_000))
		case 1:
			os.Remove(path)
		case 2:
			noise := make([]byte, 8*rnd.IntN(9000))
			for i := 0; i < len(noise); i += 8 {
				binary.LittleEndian.PutUint64(noise[i:], rnd.Uint64())
			}
			os.WriteFile(path, noise, 0o600)
		}
		if seen, err := c.Seen(tagOf(n), start); seen && err == nil {
			t.Fatal("never presented")
		} else if err == nil {
			mustSee(t, c, tagOf(n), start, true)
		}
	}
}
