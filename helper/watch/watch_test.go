package watch

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// fixture is a watched file with a clock and a log of its own. Its value is its
// content, and content that begins with "bad" is no good.
type fixture struct {
	*File[string]
	t    *testing.T
	log  bytes.Buffer
	time time.Time
	read int // how often its content was looked at
}

func open(t *testing.T, content string) *fixture {
	f := &fixture{t: t, time: time.Now().Add(time.Hour)}
	f.File = &File[string]{Config: Config[string]{Path: filepath.Join(t.TempDir(), "file")}}
	f.write(content)
	f.reopen()
	return f
}

func (f *fixture) reopen() {
	f.File = Open(Config[string]{
		Path: f.Path, Kind: "test file", Make: "create it", Parse: f.parse,
		Log: slog.New(slog.NewTextHandler(&f.log, nil)), Now: func() time.Time { return f.time },
	})
}

func (f *fixture) parse(content []byte) (*string, error) {
	f.read++
	s := string(content)
	switch {
	case strings.HasPrefix(s, "bad"):
		return nil, errors.New("is bad")
	case strings.HasPrefix(s, "panic"):
		panic(s)
	}
	return &s, nil
}

// write replaces the file by renaming, rewrite in place with the same time.
func (f *fixture) write(content string) {
	f.t.Helper()
	if err := os.WriteFile(f.Path+".new", []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(f.Path+".new", f.Path); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) rewrite(content string, at time.Time) {
	f.t.Helper()
	if err := os.WriteFile(f.Path, []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Chtimes(f.Path, time.Time{}, at); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) modTime() time.Time {
	f.t.Helper()
	info, err := os.Stat(f.Path)
	if err != nil {
		f.t.Fatal(err)
	}
	return info.ModTime()
}

// expect asks for the value after the time that lets the file be looked at.
func (f *fixture) expect(want string) {
	f.t.Helper()
	f.time = f.time.Add(lookEvery)
	got := "none"
	if v, err := f.Current(f.t.Context()); v != nil {
		got = *v
	} else if err == nil {
		f.t.Error("neither a value nor an error")
	}
	if got != want {
		f.t.Errorf("got %q, want %q", got, want)
	}
}

func (f *fixture) expectLog(want ...string) {
	f.t.Helper()
	for _, w := range want {
		if n := strings.Count(f.log.String(), w); n != 1 {
			f.t.Errorf("%q is in the log %d times:\n%s", w, n, &f.log)
		}
	}
	f.log.Reset()
}

func TestChange(t *testing.T) {
	f := open(t, "one")
	f.expect("one")
	f.write("two")
	f.expect("two")
	for _, bad := range []string{"bad", "bad again", "panic"} {
		f.write(bad)
		f.expect("two")
		f.expect("two")
		f.expectLog("test file cannot be used", "going on with what was read before")
	}
	os.Remove(f.Path)
	f.expect("two")
	f.expectLog("no such file")
	f.write("three")
	f.expect("three")
	f.expectLog("test file can be used again")
}

// TestUnusable: every way in which a file can be no good, from the start.
func TestUnusable(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(path string) error
		want    string
	}{
		{"missing", os.Remove, "no such file or directory: create it"},
		{"bad", func(p string) error { return os.WriteFile(p, []byte("bad"), 0o600) }, "file is bad"},
		{"directory", func(p string) error { os.Remove(p); return os.Mkdir(p, 0o700) }, "a directory"},
		{"too large", func(p string) error { return os.Truncate(p, maxFile+1) }, "is larger than 64 MiB"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, "good")
			if err := c.prepare(f.Path); err != nil {
				t.Fatal(err)
			}
			f.reopen()
			for range 3 {
				f.expect("none")
			}
			f.expectLog(c.want, "nobody can log in")
			os.RemoveAll(f.Path)
			f.write("good")
			f.expect("good")
			f.expectLog("can be used again")
		})
	}
}

// TestSameStateOtherContent: a second write within the file system's grain of
// time, of the same size and in place, is found all the same.
func TestSameStateOtherContent(t *testing.T) {
	f := open(t, "one")
	at := f.modTime()
	f.rewrite("two", at)
	f.time = at.Add(rest) // the clock was put back, too
	f.reopen()
	f.expect("two")
	f.rewrite("six", at)
	f.expect("two") // nobody can tell yet
	f.time = f.time.Add(settle)
	f.expect("six")
}

// TestHalfWritten: a file that is being rewritten in place is left alone until
// that is over.
func TestHalfWritten(t *testing.T) {
	f := open(t, "whole")
	f.write("half")
	f.time = f.modTime()
	f.expect("whole")
	f.time = f.modTime().Add(rest - lookEvery - 1)
	f.expect("whole")
	f.expect("half")
}

// TestHalfWrittenAfterAStart: the same when the program was started right after
// the file was written, and is to read it once more.
func TestHalfWrittenAfterAStart(t *testing.T) {
	f := open(t, "whole")
	f.time = f.modTime()
	f.reopen()
	at := f.time.Add(settle)
	f.rewrite("half", at)
	f.time = at
	f.expect("whole")
	f.time = at.Add(rest)
	f.expect("half")
}

// TestRejectedIsReadOnce: what is in a file that is no good is not looked for
// again until it changes, but once more if the change was just now.
func TestRejectedIsReadOnce(t *testing.T) {
	f := open(t, "good")
	f.time = f.modTime()
	f.reopen()
	f.write("bad")
	f.time = f.modTime().Add(rest)
	f.expect("good")
	f.read = 0
	for range 1000 {
		f.expect("good")
	}
	if f.read != 1 {
		t.Errorf("read %d times more", f.read)
	}
}

// TestCoarseTimeOfARejectedFile: a correction within the grain of time is seen.
func TestCoarseTimeOfARejectedFile(t *testing.T) {
	f := open(t, "one")
	f.write("bad")
	at := f.modTime()
	f.time = at.Add(rest)
	f.expect("one")
	f.rewrite("two", at)
	f.time = f.time.Add(settle)
	f.expect("two")
}

// TestReloadInTheGrainOfTime: a reload by hand does not stand for the second
// reading of a file that has just changed.
func TestReloadInTheGrainOfTime(t *testing.T) {
	f := open(t, "one")
	at := f.modTime()
	f.time = at
	f.reopen()
	f.time = at.Add(settle / 10)
	if err := f.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.rewrite("two", at)
	f.time = f.time.Add(settle)
	f.expect("two")
}

func TestReload(t *testing.T) {
	f := open(t, "one")
	f.write("two")
	if err := f.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v, _ := f.Current(t.Context()); *v != "two" {
		t.Errorf("got %q", *v)
	}
	os.Remove(f.Path)
	if err := f.Reload(t.Context()); err == nil {
		t.Error("no error for a missing file")
	}
	f.turn <- struct{}{} // somebody looks, and does not come back
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Reload(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestHungDisk: while a look hangs, all go on with what was read before, and
// without that they are told so.
func TestHungDisk(t *testing.T) {
	f := open(t, "one")
	f.turn <- struct{}{} // somebody looks, and does not come back
	f.expect("one")
	fresh := prepare(f.Config)
	fresh.turn <- struct{}{}
	if v, err := fresh.Current(t.Context()); v != nil || err != errUnread {
		t.Errorf("got %v, %v", v, err)
	}
}

// TestLookIsRare: a file is not looked at for each request.
func TestLookIsRare(t *testing.T) {
	f := open(t, "one")
	f.expect("one")
	f.write("two")
	f.time = f.time.Add(-1) // expect adds lookEvery
	f.expect("one")
	f.expect("two")
}

// TestLatest waits for a file that was written just now, but not for ever, and not
// for one that did not change.
func TestLatest(t *testing.T) {
	f := open(t, "one")
	synctest.Test(t, func(t *testing.T) {
		f.t, f.Now = t, time.Now
		latest := func(want string, most time.Duration) {
			t.Helper()
			began := time.Now()
			v, err := f.Latest(t.Context())
			if err != nil || *v != want || time.Since(began) > most {
				t.Errorf("%v, %v after %v; want %q", v, err, time.Since(began), want)
			}
		}
		f.rewrite("one", time.Now().Add(-time.Hour))
		latest("one", 0)
		latest("one", 0)
		f.rewrite("two", time.Now())
		if v, err := f.Current(t.Context()); err != nil || *v != "one" {
			t.Errorf("before it rested: %v, %v", v, err)
		}
		latest("two", rest)
		f.Parse = func([]byte) (*string, error) {
			t.Error("it was read while it was written")
			return nil, errors.New("half")
		}
		f.Now = func() time.Time { // somebody writes all the time
			f.rewrite("three", time.Now())
			return time.Now()
		}
		latest("two", rests*rest)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if v, err := f.Latest(ctx); err != nil || *v != "two" {
			t.Errorf("%v, %v", v, err)
		}
	})
}
