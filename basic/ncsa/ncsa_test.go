package ncsa

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/basic/passhash"
	"squidauth/helper/watch"
	"squidauth/protocol"
)

// md5hex is the cheapest stored form.
func md5hex(password string) string { return fmt.Sprintf("%x", md5.Sum([]byte(password))) }

// fixture is a password file with a clock and a log of its own.
type fixture struct {
	*Backend
	t    *testing.T
	path string
	log  bytes.Buffer
	time time.Time
}

func open(t *testing.T, content string, opt Options) *fixture {
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "passwd"), time: time.Now().Add(time.Hour)}
	f.write(content)
	opt.Log = slog.New(slog.NewTextHandler(&f.log, nil))
	opt.Now = func() time.Time { return f.time }
	f.Backend = Open(f.path, opt)
	return f
}

// write replaces the file as careful programs do.
func (f *fixture) write(content string) {
	f.t.Helper()
	if err := os.WriteFile(f.path+".new", []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(f.path+".new", f.path); err != nil {
		f.t.Fatal(err)
	}
}

// login returns the reply in plain words, after the time that lets the backend
// look at its file.
func (f *fixture) login(user, password string) string {
	f.time = f.time.Add(time.Second)
	h := &basic.Handler{Backend: f.Backend, PlainMessages: true}
	line := user + " " + strings.ReplaceAll(password, " ", "%20")
	return string(protocol.AppendReply(nil, h.Handle(f.t.Context(), []byte(line)), protocol.Basic, protocol.Legacy))
}

func (f *fixture) expect(user, password, want string) {
	f.t.Helper()
	if got := f.login(user, password); got != want {
		f.t.Errorf("%s: got %q, want %q", user, got, want)
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

const unavailable = "BH The login service is not available. Please try again later."

func TestAuthenticate(t *testing.T) {
	f := open(t, "# comment\n bob:"+md5hex("x")+"\n\tbob:x\n\nbob:"+md5hex("secret")+":Bob B.\nalice::"+md5hex("pw")+"\n", Options{})
	f.expect("bob", "secret", "OK")
	f.expect("alice", "pw", "OK")
	f.expect("bob", "secret2", "ERR Wrong password")
	f.expect("Bob", "secret", "ERR No such user")
	f.expect("eve", "secret", "ERR No such user")
	f.expect("#", "comment", "ERR No such user")
	if f.log.Len() > 0 {
		t.Errorf("log: %s", &f.log)
	}
}

// TestDecoy: no password of anybody lets somebody else in, least of all the
// password of the decoy whose hash is computed for an unknown user.
func TestDecoy(t *testing.T) {
	f := open(t, "bob:"+md5hex("secret")+"\ncarol:$none$\n", Options{})
	for _, user := range []string{"eve", "carol", "BOB", "bo", "bobb", "root"} {
		if got := f.login(user, "secret"); !strings.HasPrefix(got, "ERR ") {
			t.Errorf("%s: %s", user, got)
		}
	}
}

// TestDecoyIsStable: an unknown name costs the same hash in every process, and
// different names cost different ones.
func TestDecoyIsStable(t *testing.T) {
	var content strings.Builder
	for i := range 50 {
		fmt.Fprintf(&content, "user%d:%s\n", i, md5hex(fmt.Sprint(i)))
	}
	one, err1 := parse([]byte(content.String()))
	two, err2 := parse([]byte(content.String()))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	seen := map[any]bool{}
	for i := range 200 {
		name := fmt.Sprintf("nobody%d", i)
		if one.decoy(name) != two.decoy(name) {
			t.Fatal("two processes choose different decoys")
		}
		seen[one.decoy(name)] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d of 50 hashes serve as decoys", len(seen))
	}
}

func TestDESLength(t *testing.T) {
	f := open(t, "bob:ab4dOxiiWAuPc\n", Options{}) // crypt("eightchr", "ab")
	f.expect("bob", "eightchr", "OK")
	f.expect("bob", "eightchrs", "ERR Password too long. Only 8 characters accepted.")
	f.expect("bob", "otherpassword", "ERR Wrong password")
	f.expectLog("DES hashes: 1")
}

func TestIgnoreCase(t *testing.T) {
	content := "Bob:" + md5hex("b") + "\nEVE:" + md5hex("1") + "\nEve:" + md5hex("2") + "\nJörg:" + md5hex("j") + "\n"
	f := open(t, content, Options{})
	f.expect("bob", "b", "ERR No such user")
	f.expectLog("names with capital letters: 4")
	f = open(t, content, Options{IgnoreCase: true})
	f.expect("bob", "b", "OK")
	f.expect("BOB", "b", "OK")
	f.expect("jörg", "j", "OK")
	f.expect("JÖRG", "j", "ERR No such user") // Squid folds A to Z only, byte by byte
	f.expect("EVE", "1", "OK")
	f.expect("Eve", "2", "OK")
	f.expect("eve", "1", "ERR Wrong password") // either could be meant
	f.expect("eve", "2", "ERR Wrong password")
	f = open(t, "bob:"+md5hex("b")+"\nkevin:"+md5hex("k")+"\nm\xfcller:"+md5hex("m")+"\n", Options{IgnoreCase: true})
	f.expect("BOB", "b", "OK")
	f.expect("\u212aevin", "k", "ERR No such user") // the sign of the unit Kelvin
	f.expect("m\xe4ller", "m", "ERR No such user")
	f.expect("M\xfcller", "m", "OK")
}

func TestNotes(t *testing.T) {
	content := "\ufeffbob:" + md5hex("secret") + "\r\n" +
		"nocolon\r\n" +
		"eve:$zz$unknown\r\n" +
		":" + md5hex("x") + "\r\n" +
		"dora:\r\n" +
		"long:" + strings.Repeat("x", 1<<20) + "\r\n" +
		"bob:" + md5hex("second") + "\r\n"
	f := open(t, content, Options{})
	f.expect("bob", "second", "OK")
	f.expect("bob", "secret", "ERR Wrong password")
	f.expect("eve", "secret", "ERR Wrong password")
	f.expect("dora", "x", "ERR No such user")
	f.expect("long", "x", "ERR No such user")
	log := f.log.String()
	if strings.Contains(log, md5hex("secret")) || strings.Contains(log, "$zz$unknown") {
		t.Error("a hash is in the log")
	}
	f.expectLog("line=1 note=\"lines end in CRLF", "line=2 note=\"line skipped", "line=3 note=\"this user cannot log in",
		"line=4 note=\"line skipped", "line=5 note=\"line skipped", "line=6 note=\"line skipped: its 1048581 bytes", "line=7 note=\"the user has a line further up")
}

func TestNotesAreBounded(t *testing.T) {
	f := open(t, "bob:"+md5hex("x")+"\n"+strings.Repeat("broken\n", 1000), Options{})
	if n := strings.Count(f.log.String(), "\n"); n != watch.MaxNotes+1 {
		t.Errorf("%d lines in the log", n)
	}
	f.expectLog("count=980")
}

// TestUnusable: every way in which a file can be no good, from the start.
func TestUnusable(t *testing.T) {
	good := "bob:" + md5hex("secret") + "\n"
	tests := []struct {
		name    string
		prepare func(path string) error
		want    string
	}{
		{"missing", os.Remove, "no such file or directory: create it with htpasswd"},
		{"empty", func(p string) error { return os.WriteFile(p, nil, 0o600) }, "is empty"},
		{"directory", func(p string) error { os.Remove(p); return os.Mkdir(p, 0o700) }, "a directory"},
		{"one line of 1 MB", func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte("x"), 1<<20), 0o600) }, "line 1: line skipped: its 1048576 bytes"},
		{"unknown hashes", func(p string) error { return os.WriteFile(p, []byte("# users\nbob:$zz$x\n"), 0o600) }, "line 2: this user cannot log in"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, good, Options{})
			os.RemoveAll(f.path)
			f.write(good)
			if err := c.prepare(f.path); err != nil {
				t.Fatal(err)
			}
			fresh := &fixture{t: t, path: f.path, time: f.time}
			fresh.Backend = Open(f.path, Options{Log: slog.New(slog.NewTextHandler(&fresh.log, nil)), Now: func() time.Time { return fresh.time }})
			for range 3 {
				fresh.expect("bob", "secret", unavailable)
			}
			fresh.expectLog(c.want, "nobody can log in")
			os.RemoveAll(f.path)
			f.write(good)
			fresh.expect("bob", "secret", "OK")
			fresh.expectLog("can be used again")
		})
	}
}

// TestUnusableLater: the same, but there was a good file before.
func TestOldTableIsKept(t *testing.T) {
	f := open(t, "bob:"+md5hex("secret")+"\n", Options{})
	for _, broken := range []string{"", "bob:$zz$x\n", strings.Repeat("x", 10000)} {
		f.write(broken)
		f.expect("bob", "secret", "OK")
		f.expect("bob", "secret", "OK")
		f.expectLog("going on with what was read before")
	}
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	f.expect("bob", "secret", "OK")
	f.expectLog("going on with what was read before")
	f.write("bob:" + md5hex("new") + "\n")
	f.expect("bob", "secret", "ERR Wrong password")
	f.expect("bob", "new", "OK")
}

func TestListOfNobody(t *testing.T) {
	f := open(t, "# all gone\n", Options{})
	f.expect("bob", "secret", "ERR No such user")
	f.expectLog("everybody is refused")
}

func TestReload(t *testing.T) {
	f := open(t, "bob:"+md5hex("one")+"\n", Options{})
	f.write("bob:" + md5hex("two") + "\n")
	if err := f.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	if v := f.Authenticate(t.Context(), "bob", "two"); fmt.Sprint(v) != fmt.Sprint(basic.Yes(protocol.Identity{User: "bob"})) {
		t.Error("the new file is not in force")
	}
	os.Remove(f.path)
	if err := f.Reload(context.Background()); err == nil {
		t.Error("no error for a missing file")
	}
}

// TestConcurrentReload: users that are in every version of the file are never
// refused while it is replaced.
func TestConcurrentReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passwd")
	write := func(i int) {
		content := fmt.Sprintf("bob:%s\nuser%d:%s\n", md5hex("secret"), i, md5hex("x"))
		if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Error(err)
		}
	}
	write(0)
	b := Open(path, Options{Log: slog.New(slog.DiscardHandler)})
	want := fmt.Sprint(basic.Yes(protocol.Identity{User: "bob"}))
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if v := b.Authenticate(t.Context(), "bob", "secret"); fmt.Sprint(v) != want {
					t.Errorf("got %v", v)
					return
				}
			}
		})
	}
	for i := range 200 {
		write(i)
		if err := b.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
}

// TestOverloaded: who gets no processor within the deadline is told so, and
// nobody is refused for it.
func TestOverloaded(t *testing.T) {
	f := open(t, "bob:"+md5hex("secret")+"\n", Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := f.Authenticate(ctx, "bob", "secret")
	if fmt.Sprint(v) != fmt.Sprint(basic.Undecided(basic.Overloaded, passhash.ErrOverloaded)) {
		t.Errorf("got %v", v)
	}
}

// FuzzParse: whatever the file, nobody logs in whose name and hash are not on one
// of its lines, and no note quotes a hash.
func FuzzParse(f *testing.F) {
	f.Add([]byte("bob:" + md5hex("secret") + "\n#\n"))
	f.Add([]byte("bob:x\r\nbob::" + md5hex("secret") + ":x\n"))
	f.Add([]byte(":\n::\nbob:\n\xff\n"))
	f.Add([]byte("\ufeffbob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="))
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := parse(content)
		if err != nil {
			if table != nil {
				t.Fatal("an error and a table")
			}
			return
		}
		for user, i := range table.users {
			if !bytes.Contains(content, []byte(user+":")) || i >= len(table.hashes) {
				t.Fatalf("%q %d", user, i)
			}
		}
		h, known, usable := table.find("no such user\n", true)
		if known || usable || len(table.hashes) == 0 && h.Verify(nil) {
			t.Fatal("an unknown user is known")
		}
	})
}

// TestFileOfNothing: what reading takes depends on the users in a file, not on
// its length.
func TestFileOfNothing(t *testing.T) {
	for _, line := range []string{"\n", "x\n", ":\n"} {
		content := []byte(strings.Repeat(line, 4<<20/len(line)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		parse(content)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 4*uint64(len(content)) {
			t.Errorf("%q: %d bytes for %d", line, took, len(content))
		}
	}
}

func BenchmarkLoad20000(b *testing.B) {
	var content strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&content, "user%05d:%s\n", i, md5hex(fmt.Sprint(i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse([]byte(content.String())); err != nil {
			b.Fatal(err)
		}
	}
}
