//go:build unix

package guard

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/helper/state"
	"squidauth/protocol"
)

// envFolder makes the test binary a helper with a guard in that folder, instead of
// testing: it reads logins, a word for the user and one for the password on a line, and
// prints what became of each.
const envFolder = "GUARD_TEST_FOLDER"

func TestMain(m *testing.M) {
	folder := os.Getenv(envFolder)
	if folder == "" {
		os.Exit(m.Run())
	}
	d := newDirectory()
	g := New(hanging{d}, sharedOptions(folder, slog.New(slog.DiscardHandler)))
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		user, password, _ := strings.Cut(in.Text(), " ")
		before := d.asked
		v := g.Authenticate(context.Background(), user, protocol.Secret(password))
		fmt.Println(v.Reason(), d.asked-before)
	}
	os.Exit(0)
}

// hanging never answers about the password "hang", and says so on standard error.
type hanging struct{ *directory }

func (h hanging) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	if password == "hang" {
		os.Stderr.Write([]byte("!"))
		<-ctx.Done()
	}
	return h.directory.Authenticate(ctx, user, password)
}

func sharedOptions(folder string, log *slog.Logger) Options {
	return Options{
		Name: "fake", Scope: "fake --url ldap://here", Folder: folder,
		Remember: time.Minute, Limit: 5, Window: time.Hour, Log: log,
	}
}

// sibling is another process with the same file.
type sibling struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.Writer
	out    *bufio.Reader
	stderr io.Reader
}

func startSibling(t *testing.T, folder string) *sibling {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envFolder+"="+folder)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	stderr, err3 := cmd.StderrPipe()
	for _, err := range []error{err1, err2, err3, cmd.Start()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return &sibling{t, cmd, in, bufio.NewReader(out), stderr}
}

func (s *sibling) send(login string) { fmt.Fprintln(s.in, login) }

func (s *sibling) receive() string {
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func (s *sibling) expect(want string, logins ...string) {
	s.t.Helper()
	for _, l := range logins {
		s.send(l)
		if got := s.receive(); got != want {
			s.t.Errorf("%s: %q, want %q", l, got, want)
		}
	}
}

// TestProcesses: two processes share what they know, and a third after them.
func TestProcesses(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	one, two := startSibling(t, folder), startSibling(t, folder)
	one.expect("wrong-password 1", "bob a", "bob b")
	two.expect("wrong-password 0", "bob a", "bob b")
	two.expect("wrong-password 1", "bob c", "BOB d", "bob e")
	one.expect("held-back 0", "bob f", "bob right", "Bob g")
	one.expect("wrong-password 0", "bob e")
	one.expect("no-such-user 1", "eve a")
	two.expect("no-such-user 0", "eve a")
	startSibling(t, folder).expect("held-back 0", "bob right", "Bob g")
}

// TestProcessesAtOnce: however many passwords several processes try at once, no more
// than the limit reach the directory.
func TestProcessesAtOnce(t *testing.T) {
	folder := t.TempDir()
	var siblings []*sibling
	const each = 20
	for range 4 {
		siblings = append(siblings, startSibling(t, folder))
	}
	for i := range each {
		for n, s := range siblings {
			s.send(fmt.Sprintf("bob %d-%d", n, i))
		}
	}
	asked := 0
	for _, s := range siblings {
		for range each {
			if reason, n, _ := strings.Cut(s.receive(), " "); n == "1" {
				asked++
			} else if reason != string(HeldBack) {
				t.Errorf("%s without having asked", reason)
			}
		}
	}
	if asked != 5 {
		t.Errorf("the directory was asked %d times", asked)
	}
}

// TestSharedQuestion: a process waits for what another is asking already, and asks
// itself when that one is gone.
func TestSharedQuestion(t *testing.T) {
	folder := t.TempDir()
	one := startSibling(t, folder)
	one.send("bob hang")
	if _, err := one.stderr.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	f := guarded(t, sharedOptions(folder, nil))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if v := f.Authenticate(ctx, "bob", "hang"); v.Outcome() != protocol.Unavailable || f.asked > 0 {
		t.Errorf("%+v", v)
	}
	one.cmd.Process.Kill()
	one.cmd.Wait()
	f.expect("bob", "wrong-password asked", "hang", "1", "2", "3") // with that of the dead process it is 5
	f.expect("bob", "held-back", "4")
}

// TestBusy: a sibling that does not let go of the file costs a login little, and is in
// the log once; so is its end.
func TestBusy(t *testing.T) {
	folder := t.TempDir()
	f := guarded(t, sharedOptions(folder, nil))
	f.expect("bob", "wrong-password asked", "1", "2")
	other, err := state.Take(t.Context(), folder, fileName)
	if err != nil {
		t.Fatal(err)
	}
	f.expect("bob", "wrong-password", "1")            // the process itself knows
	f.expect("bob", "wrong-password asked", "3", "4") // and the file is left alone
	f.expect("bob", "authenticated asked", "right")   // for a while
	f.expectLog("cannot be used", "cannot be locked")
	f.later(restAfter)
	f.expect("bob", "wrong-password", "1")
	f.expectLog()
	other.Unlock()
	f.later(restAfter)
	f.expect("bob", "wrong-password asked", "5")
	f.expectLog("together again")
}

// TestBusyRemoved: who holds the file and is stopped loses it with the file's name: the
// others go on with a new one.
func TestBusyRemoved(t *testing.T) {
	folder := t.TempDir()
	f := guarded(t, sharedOptions(folder, nil))
	f.expect("bob", "wrong-password asked", "1")
	other, err := state.Take(t.Context(), folder, fileName)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Unlock()
	f.expect("bob", "wrong-password", "1")
	f.expectLog("cannot be used", "cannot be locked")
	if err := os.Remove(filepath.Join(folder, fileName)); err != nil {
		t.Fatal(err)
	}
	f.later(restAfter)
	f.expect("bob", "wrong-password asked", "2")
	f.expectLog("together again")
}

// TestOwnOnly: what the file decided without a question is none to the process itself,
// when the file fails.
func TestOwnOnly(t *testing.T) {
	folder := t.TempDir()
	startSibling(t, folder).expect("wrong-password 1", "bob 1")
	f := guarded(t, sharedOptions(folder, nil))
	f.expect("bob", "wrong-password", "1", "1", "1", "1", "1", "1")
	other, err := state.Take(t.Context(), folder, fileName)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Unlock()
	f.expect("bob", "authenticated asked", "right")
	f.later(maxAsking)
	f.expect("bob", "wrong-password asked", "2", "3", "4", "5", "6")
}

func (f *fixture) expectLog(want ...string) {
	f.t.Helper()
	for _, w := range want {
		if strings.Count(f.log.String(), w) != 1 {
			f.t.Errorf("%q is not in the log once:\n%s", w, &f.log)
		}
	}
	if n := strings.Count(f.log.String(), "\n"); n != min(1, len(want)) {
		f.t.Errorf("%d lines in the log:\n%s", n, &f.log)
	}
	f.log.Reset()
}

// TestUnfit: a folder or file that others could meddle with is not used, and the logins
// go on without.
func TestUnfit(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(folder string) error
		want    string
	}{
		"no parent":      {func(f string) error { return os.RemoveAll(filepath.Dir(f)) }, "no such file"},
		"open folder":    {func(f string) error { return os.Chmod(f, 0o777) }, "open to other users (mode 0777)"},
		"link to folder": {func(f string) error { os.Rename(f, f+"2"); return os.Symlink(f+"2", f) }, "is not a folder"},
		"open file":      {func(f string) error { return write(f, 0o644) }, "open to other users: run chmod 600"},
		"link":           {func(f string) error { return os.Symlink("/etc/passwd", filepath.Join(f, fileName)) }, "symbolic links"},
		"folder":         {func(f string) error { return os.Mkdir(filepath.Join(f, fileName), 0o700) }, "is a directory"},
		"two names": {func(f string) error {
			write(f, 0o600)
			return os.Link(filepath.Join(f, fileName), filepath.Join(f, "other"))
		}, "is not a regular file of one name"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "parent", "state")
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := c.prepare(folder); err != nil {
				t.Fatal(err)
			}
			f := guarded(t, sharedOptions(folder, nil))
			f.expect("bob", "wrong-password asked", "1", "2", "3", "4", "5")
			f.expect("bob", "wrong-password", "1")
			f.expect("bob", "held-back", "6")
			f.expectLog("cannot be used", c.want)
		})
	}
}

func write(folder string, mode os.FileMode) error {
	path := filepath.Join(folder, fileName)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// TestReplaced: who removes or replaces the file makes it forget, and no more.
func TestReplaced(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, fileName)
	one := guarded(t, sharedOptions(folder, nil))
	two := guarded(t, sharedOptions(folder, nil))
	for name, harm := range map[string]func() error{
		"removed":  func() error { return os.Remove(path) },
		"cut":      func() error { return os.Truncate(path, 100) },
		"emptied":  func() error { return os.Truncate(path, 0) },
		"replaced": func() error { os.WriteFile(path+"2", []byte("x"), 0o600); return os.Rename(path+"2", path) },
	} {
		one.expect("bob", "wrong-password asked", name)
		two.expect("bob", "wrong-password", name)
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		two.expect("bob", "wrong-password asked", name)
		one.expect("bob", "wrong-password", name)
		if one.log.Len()+two.log.Len() > 0 {
			t.Errorf("%s: log: %s%s", name, &one.log, &two.log)
		}
		two.expect("bob", "authenticated asked", "right")
		os.Remove(path)
	}
}

// TestIdle: a file that nobody wrote for long gets another key.
func TestIdle(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, fileName)
	head := func() []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b[:headLen]
	}
	guarded(t, sharedOptions(folder, nil)).expect("bob", "wrong-password asked", "1")
	before := head()
	guarded(t, sharedOptions(folder, nil)).expect("bob", "wrong-password", "1")
	if !bytes.Equal(head(), before) {
		t.Error("the key changed at once")
	}
	long := time.Now().Add(-idle - time.Minute)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	guarded(t, sharedOptions(folder, nil)).expect("bob", "wrong-password asked", "1")
	if bytes.Equal(head(), before) {
		t.Error("the key did not change")
	}
}

// TestNoPassword: neither a name nor a password is in the file, nor a hash that one
// could make without its key; and nothing at all of a password that was right.
func TestNoPassword(t *testing.T) {
	folder := t.TempDir()
	f := guarded(t, sharedOptions(folder, nil))
	f.expect("bob", "authenticated asked", "right")
	b, err := os.ReadFile(filepath.Join(folder, fileName))
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.Trim(b[headLen:], "\x00")) > 0 {
		t.Error("the file has something of a right password")
	}
	f.expect("bob", "wrong-password asked", "mistyped")
	if b, err = os.ReadFile(filepath.Join(folder, fileName)); err != nil {
		t.Fatal(err)
	}
	var none key
	for _, secret := range []string{"bob", "mistyped"} {
		h := none.tag(secret)
		if bytes.Contains(b, []byte(secret)) || bytes.Contains(b, h[:]) {
			t.Errorf("the file has %s", secret)
		}
	}
}

// TestFull: the file does not grow, and who floods it makes it forget.
func TestFull(t *testing.T) {
	folder := t.TempDir()
	f := guarded(t, sharedOptions(folder, nil))
	for i := range 9000 {
		f.later(time.Millisecond)
		f.login(fmt.Sprintf("user%d", i), "x")
	}
	info, err := os.Stat(filepath.Join(folder, fileName))
	if err != nil || info.Size() > pageLen*(buckets+1) {
		t.Errorf("%v, %v", info.Size(), err)
	}
	if n := len(f.store.memory.records); n > maxNames {
		t.Errorf("%d names in memory", n)
	}
	f.expect("user8999", "no-such-user", "x")
}

// TestFlood: who floods it with names gets no more guesses at one of them.
func TestFlood(t *testing.T) {
	for name, folder := range map[string]string{"file": t.TempDir(), "memory": ""} {
		t.Run(name, func(t *testing.T) {
			f := guarded(t, sharedOptions(folder, nil))
			f.expect("bob", "wrong-password asked", "1", "2", "3", "4")
			for i := range 3 * maxNames {
				f.later(time.Millisecond)
				f.login(fmt.Sprintf("user%d", i), "x")
			}
			f.expect("bob", "wrong-password asked", "5")
			f.expect("bob", "held-back", "6", "right")
		})
	}
}

// FuzzFile: whatever the file holds, nobody is let in who should not be, nobody is
// refused for longer than the times say, and the file is usable afterwards.
func FuzzFile(f *testing.F) {
	now := time.Now()
	q := question{scope: "fake --url ldap://here", name: "bob", user: "bob", password: "right"}
	var k key
	for i := uint64(0); q.tags(&k).name.offset() != pageLen; i++ { // small files are quick
		binary.LittleEndian.PutUint64(k[:], i)
	}
	t := q.tags(&k)
	slot := func(change func(*entry)) []byte {
		rec := record{}
		for i := range maxEntries {
			e := entry{pair: t.pair, at: now, phase: refused, pid: i, reason: basic.WrongPassword, text: "Wrong password"}
			change(&e)
			rec = append(rec, e)
		}
		return appendSlot(nil, t.name, rec)
	}
	f.Add(makeHeader(&k), slot(func(*entry) {}))
	f.Add(makeHeader(&k), slot(func(e *entry) { e.at = now.Add(100 * 365 * 24 * time.Hour) }))
	f.Add(makeHeader(&k), slot(func(e *entry) { e.at = time.UnixMilli(-1 << 63) }))
	f.Add(makeHeader(&k), slot(func(e *entry) { e.phase, e.pid = asking, os.Getppid() }))
	f.Add(makeHeader(&k), slot(func(e *entry) { e.phase, e.reason, e.text = forgiven, "authenticated\n", "\x00\xff" }))
	f.Add(makeHeader(&k)[:20], []byte("x"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(test *testing.T, head, page []byte) {
		folder := test.TempDir()
		content := make([]byte, t.name.offset()+pageLen)
		copy(content[:pageLen], head)
		for s := 0; s < pageLen && len(page) >= slotLen; s += slotLen {
			copy(content[int(t.name.offset())+s:], page[:slotLen])
			resum(content[int(t.name.offset())+s:][:slotLen])
		}
		if err := os.WriteFile(filepath.Join(folder, fileName), content, 0o600); err != nil {
			test.Fatal(err)
		}
		opt := sharedOptions(folder, nil)
		fix := guarded(test, opt)
		fix.time = now
		ctx, cancel := context.WithTimeout(test.Context(), 3*time.Millisecond)
		defer cancel()
		if v := fix.Authenticate(ctx, "bob", "wrong"); accepted(v) {
			test.Fatal("a wrong password was accepted")
		}
		fix.Authenticate(ctx, "bob", "right")
		fix.later(max(opt.Window, maxAsking) + time.Minute)
		fix.expect("bob", "authenticated asked", "right")
		fix.expect("bob", "wrong-password asked", "wrong")
		fix.expect("bob", "wrong-password", "wrong")
		if fix.log.Len() > 0 {
			test.Errorf("log: %s", &fix.log)
		}
	})
}

// resum makes a slot's sum right.
func resum(slot []byte) {
	binary.LittleEndian.PutUint32(slot[tagLen:], slotSum(slot))
}

// TestAlive: who is gone asks nothing any more.
func TestAlive(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.list", "^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if !alive(os.Getpid()) || !alive(1) || alive(cmd.Process.Pid) || alive(0) || alive(-1) {
		t.Error("who lives is not known")
	}
}

// TestTorn: a slot that is not whole is no slot.
func TestTorn(t *testing.T) {
	name := tag{1}
	slot := appendSlot(nil, name, record{{pair: tag{2}, at: time.Now(), phase: refused, reason: basic.WrongPassword}})
	if who, rec := parseSlot(slot); who != name || len(rec) != 1 {
		t.Fatalf("%v, %v", who, rec)
	}
	for i := range slot {
		slot[i] ^= 0x10
		if _, rec := parseSlot(slot); rec != nil {
			t.Errorf("byte %d does not matter", i)
		}
		slot[i] ^= 0x10
	}
}
