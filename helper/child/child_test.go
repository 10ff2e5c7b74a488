//go:build unix

package child

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"squidauth/protocol"
)

// TestReplies: both dialects are understood, and say what the log is told.
func TestReplies(t *testing.T) {
	s := newStage(t, Config{})
	for _, c := range []struct{ say, want, reason string }{
		{"OK token=oRQw user=alice@EXAMPLE.ORG group=x", "OK token=oRQw user=alice@EXAMPLE.ORG group=x", reasonYes},
		{"OK user=bob", "OK token=AA== user=bob", reasonYes},
		{`AF * DOM\john smith` + "\r", "OK token=AA== user=DOM%5Cjohn%20smith", reasonYes},
		{"ERR message=no", `ERR message="no"`, reasonNo},
		{"NA * no such user", `ERR message="no such user"`, reasonNo},
		{"BH it is down", `BH message="it is down"`, reasonUndecided},
		{"TT token=oRQw", "TT oRQw", ""},
	} {
		s.want(t, "YR", "say "+c.say, c.want)
		d := s.ask(t, "YR", "say "+c.say).Detail()
		if d.Reason != c.reason || d.Backend != s.name || (d.Cause != nil) != (c.reason == reasonNo || c.reason == reasonUndecided) {
			t.Errorf("%s: %+v", c.say, d)
		}
	}
	ntlm := newStage(t, Config{Scheme: protocol.NTLM})
	ntlm.want(t, "YR", "say TT TlRM", "TT TlRM")
	ntlm.want(t, "KK", `say AF DOM\john smith`, "OK token=AA== user=DOM%5Cjohn%20smith")
}

// TestOneProcess: as long as all is well, it is one and the same.
func TestOneProcess(t *testing.T) {
	s := newStage(t, Config{})
	first := s.pid(t)
	s.want(t, "YR", "say TT TlRM", "TT TlRM")
	s.want(t, "KK", "say BH down", `BH message="down"`)
	if pid := s.pid(t); pid != first {
		t.Errorf("%d, then %d", first, pid)
	}
}

// TestHandshakes: KK goes to a program that answered the request before it with TT.
func TestHandshakes(t *testing.T) {
	s := newStage(t, Config{})
	s.wantBroken(t, "KK", "say OK user=bob", reasonLost)
	s.want(t, "YR", "say TT TlRM", "TT TlRM")
	s.want(t, "KK", "say TT TlRM", "TT TlRM")
	s.want(t, "KK", "say OK user=bob", "OK token=AA== user=bob")
	s.wantBroken(t, "KK", "say OK user=bob", reasonLost)
	s.want(t, "YR", "say TT TlRM", "TT TlRM")
	s.want(t, "YR", "say ERR", "ERR")
	s.wantBroken(t, "KK", "say OK user=bob", reasonLost)
}

// TestNoRequest: what the program would take for no request or for two does not
// reach it.
func TestNoRequest(t *testing.T) {
	s := newStage(t, Config{})
	before := s.pid(t)
	for _, l := range []string{"", "YR", "YR ", "KK", "KK ", "QQ", "QQ x", "yr x", "YRx x", "YR x\nYR y", "YR x\x00", "GF x", "YR " + strings.Repeat("x", maxRequest-2)} {
		mustBeBroken(t, s.Handle(t.Context(), []byte(l)), reasonRequest)
	}
	if s.pid(t) != before {
		t.Error("the program was started anew")
	}
}

// TestNonsense: a reply that makes no sense, or more than one, lets nobody in, and
// the program is not asked again.
func TestNonsense(t *testing.T) {
	for name, act := range map[string]string{
		"two lines":          "raw OK user=alice\nOK user=bob\n",
		"a line and a half":  "raw OK user=alice\nO",
		"an empty line":      "say ",
		"no code":            "say hello",
		"usage":              "say Usage: helper [-d]",
		"too long":           fmt.Sprint("many ", maxReply),
		"much too long":      fmt.Sprint("many ", 3*maxReply),
		"NUL":                "say OK user=alice\x00",
		"a half and another": "raw OK us\ner=alice\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, Config{})
			before := s.pid(t)
			s.wantBroken(t, "YR", act, reasonReply)
			s.awaitLog(t, "a helper program was killed")
			if s.pid(t) == before {
				t.Error("the program was asked again")
			}
		})
	}
	// What is a reply, but cannot be used, is no reason to kill anybody: a client may
	// have brought it about.
	s := newStage(t, Config{})
	before := s.pid(t)
	for _, act := range []string{"say OK", "say OK user=john smith", "say TT !!", "say TT * *", "say AF oRQw"} {
		s.wantBroken(t, "YR", act, reasonReply)
		s.wantBroken(t, "KK", "say OK user=alice", reasonLost)
	}
	if s.pid(t) != before {
		t.Error("the program was started anew")
	}
	s.want(t, "YR", fmt.Sprint("long ", maxReply-4), `BH message="`+strings.Repeat("x", 1024)+`"`)
}

// TestCrash: whoever the program leaves without an answer is told that nobody could
// tell, and the next has another program. Each end is in the log once.
func TestCrash(t *testing.T) {
	for name, act := range map[string]string{"exit": "exit", "half a reply": "exit OK user=alice", "output closed": "close"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, Config{})
			before := s.pid(t)
			s.want(t, "YR", "say TT TlRM", "TT TlRM")
			s.wantBroken(t, "KK", act, reasonEnded)
			s.wantBroken(t, "KK", "say OK user=alice", reasonLost)
			status := "exit status 3"
			if act == "close" {
				status = "signal: killed"
			}
			s.awaitLog(t, `status="`+status+`"`)
			if s.pid(t) == before {
				t.Error("the program is still there")
			}
			if log := s.logged(); strings.Contains(log, "ended") || strings.Contains(log, "killed") {
				t.Errorf("more than one line of the same end: %s", log)
			}
		})
	}
}

// TestDeathBetweenRequests: a program that is found dead costs a new handshake
// nothing, and one that it began its end.
func TestDeathBetweenRequests(t *testing.T) {
	s := newStage(t, Config{})
	before := s.pid(t)
	kill := func() {
		if err := syscall.Kill(s.now.cmd.Process.Pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s.awaitLog(t, "a helper program ended")
	}
	kill()
	if s.pid(t) == before {
		t.Error("the program is still there")
	}
	s.want(t, "YR", "say TT TlRM", "TT TlRM")
	kill()
	s.wantBroken(t, "KK", "say OK user=alice", reasonLost)
	s.want(t, "YR", "say OK user=bob", "OK token=AA== user=bob")
}

// TestBanner: what a program says before it is asked is no answer to anybody.
func TestBanner(t *testing.T) {
	s := newStage(t, Config{}, "banner", filepath.Join(t.TempDir(), "spoken"))
	s.awaitSaid(t, "spoke")
	s.want(t, "YR", "say OK user=bob", "OK token=AA== user=bob")
	s.awaitLog(t, errUnasked.Error())
}

// TestTimeout: a program that hangs, or is stopped, is killed with what it started
// when the time of its request is over.
func TestTimeout(t *testing.T) {
	for act, said := range map[string]string{"hang": "hangs", "stop": "stops"} {
		t.Run(act, func(t *testing.T) {
			s := newStage(t, Config{})
			s.want(t, "YR", "say TT TlRM", "TT TlRM")
			hung := s.now
			ctx, cancel := context.WithCancel(t.Context())
			answer := make(chan protocol.Reply, 1)
			go func() { answer <- s.Handle(ctx, line("KK", act)) }()
			s.awaitSaid(t, said)
			cancel()
			mustBeBroken(t, <-answer, reasonTimeout)
			<-hung.exited
			s.awaitLog(t, errTimeout.Error())
			s.wantBroken(t, "KK", "say OK user=alice", reasonLost)
			if s.pid(t) == hung.cmd.Process.Pid {
				t.Error("the program is still asked")
			}
		})
	}
}

// TestFamily: what the program started is killed with it, whether it is killed or ends
// by itself, and cannot hold up anybody who waits for an answer.
func TestFamily(t *testing.T) {
	for last, reason := range map[string]string{"wait": reasonTimeout, "exit 3": reasonEnded} {
		s := newStage(t, Config{Command: []string{lookPath(t, "sh"), "-c", "sleep 1000 & read line; echo read >&2; " + last}})
		first := s.now
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		answer := make(chan protocol.Reply, 1)
		go func() { answer <- s.Handle(ctx, line("YR", "x")) }()
		s.awaitSaid(t, "read")
		if reason == reasonTimeout {
			cancel()
		}
		mustBeBroken(t, <-answer, reason)
		cancel()
		<-first.exited
		s.Close()
		s.config.Stderr.Close()
		if rest, err := s.said.ReadString('\n'); rest != "" || err == nil { // comes when nobody has the pipe any more
			t.Errorf("%q, %v", rest, err)
		}
	}
}

// TestRunaway: one who got away from the family holds the pipes, and yet nobody up.
func TestRunaway(t *testing.T) {
	s := newRunaway(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	mustBeBroken(t, s.Handle(ctx, line("YR", "x")), reasonTimeout)
}

// TestTooLate: a request whose time is over before it is sent harms nobody.
func TestTooLate(t *testing.T) {
	s := newStage(t, Config{})
	before := s.pid(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // the turn is free, and the time is over: either may be seen first
		mustBeBroken(t, s.Handle(ctx, line("YR", "say OK user=alice")), reasonTimeout)
	}
	if s.pid(t) != before {
		t.Error("the program was started anew")
	}
}

// TestTurns: one request at a time is in flight, and each gets its own answer.
func TestTurns(t *testing.T) {
	s := newStage(t, Config{})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() { s.want(t, "YR", fmt.Sprint("say OK user=u", i), fmt.Sprint("OK token=AA== user=u", i)) })
	}
	all.Wait()
}

// TestBackoff: a program that fails again and again is not started for longer and
// longer, and requests are answered at once meanwhile.
func TestBackoff(t *testing.T) {
	now := time.Date(2026, 11, 22, 4, 10, 26, 0, time.UTC)
	program := filepath.Join(t.TempDir(), "helper")
	s := newStage(t, Config{Command: []string{program, asHelper}, Now: func() time.Time { return now }})
	s.awaitLog(t, "cannot be started")
	s.wantBroken(t, "YR", "pid", reasonStart) // the second failure
	for _, pause := range []time.Duration{250, 500, 1000, 2000, 4000, 5000, 5000} {
		now = now.Add(pause*time.Millisecond - 1)
		s.wantBroken(t, "YR", "pid", reasonDown)
		now = now.Add(1)
		s.wantBroken(t, "YR", "pid", reasonStart)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	now = now.Add(mostPause)
	s.want(t, "YR", "say TT TlRM", "TT TlRM")
	s.wantBroken(t, "KK", "exit", reasonEnded) // a challenge proves nothing
	s.wantBroken(t, "YR", "pid", reasonDown)
	now = now.Add(mostPause)
	s.pid(t)
	s.wantBroken(t, "YR", "exit", reasonEnded)
	s.pid(t) // the first failure after an answer
}

// TestClockSetBack: no pause is longer than the longest.
func TestClockSetBack(t *testing.T) {
	now := time.Date(2026, 11, 22, 4, 10, 26, 0, time.UTC)
	b := backoff{now: func() time.Time { return now }}
	for range 100 {
		b.failed()
	}
	now = now.Add(-24 * time.Hour)
	if left := b.left(); left != mostPause {
		t.Errorf("%v left", left)
	}
	now = now.Add(48 * time.Hour)
	if left := b.left(); left != 0 {
		t.Errorf("%v left", left)
	}
}

// TestClose: the program ends with us, by force if it must, and nobody is answered
// then.
func TestClose(t *testing.T) {
	for _, kind := range []string{"", "stubborn"} {
		s := newStage(t, Config{}, kind)
		s.pid(t)
		p := s.now
		if kind == "stubborn" {
			s.patience = 0
		}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		<-p.exited
		if state := p.cmd.ProcessState; state.Success() != (kind == "") {
			t.Errorf("%q: %v", kind, state)
		}
		s.wantBroken(t, "YR", "pid", reasonEnded)
		if log := s.logged(); strings.Contains(log, "WARN") {
			t.Errorf("%q: %s", kind, log)
		}
	}
}

// TestWeAreKilled: on Linux a program that minds nothing ends with us nevertheless.
func TestWeAreKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a program that its parent has died")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, asParent)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if _, err := stderr.Read(b); err != nil || string(b) != "OK\n" {
		t.Fatalf("%q, %v", b, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for err == nil { // to the end, which is there when nobody has the pipe any more
		_, err = stderr.Read(make([]byte, 100))
	}
	_ = cmd.Wait() // it was killed
}

// TestDescriptors: a program has the standard three and nothing else of ours, nor of
// another program.
func TestDescriptors(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc/self/fd")
	}
	open, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	inherited, err := syscall.Dup(int(open.Fd())) // as if it had been open when we were started
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	newStage(t, Config{})
	s := newStage(t, Config{})
	s.want(t, "YR", "descriptors", "OK token=AA== user=none")
}

// TestSecrets: neither arguments nor tokens nor replies are in the log.
func TestSecrets(t *testing.T) {
	s := newStage(t, Config{}, "--password=hunter2")
	s.wantBroken(t, "YR", "say BLAH hunter2", reasonReply)
	s.wantBroken(t, "YR", "say OK user=john hunter2", reasonReply)
	s.want(t, "YR", "say OK user=bob", "OK token=AA== user=bob")
	s.wantBroken(t, "YR", "exit", reasonEnded)
	s.awaitLog(t, "exit status 3")
	for _, r := range []protocol.Reply{s.ask(t, "YR", "say OK user=john hunter2"), s.ask(t, "KK", "hunter2")} {
		if cause := r.Detail().Cause; cause == nil || strings.Contains(cause.Error(), "hunter2") {
			t.Errorf("%+v", r.Detail())
		}
	}
	token := string(line("YR", "say BLAH hunter2")[3:])
	if log := s.logged(); strings.Contains(log, "hunter2") || strings.Contains(log, token) {
		t.Errorf("the log: %s", log)
	}
}

func TestConfig(t *testing.T) {
	for want, c := range map[string]Config{
		"no program is named":             {Scheme: protocol.NTLM},
		`"ntlm_auth" is not an absolute`:  {Scheme: protocol.NTLM, Command: []string{"ntlm_auth", "x"}},
		`"./helper" is not an absolute`:   {Scheme: protocol.NTLM, Command: []string{"./helper"}},
		"no programs of the scheme basic": {Scheme: protocol.Basic, Command: []string{"/bin/sh"}},
		"no programs of the scheme none":  {Command: []string{"/bin/sh"}},
	} {
		c.Log = slog.New(slog.DiscardHandler)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", c.Command, err, want)
		}
	}
}

// FuzzReply: whatever a program says before it ends, an answer is exactly one line,
// and all that there was.
func FuzzReply(f *testing.F) {
	for _, out := range []string{"OK user=bob\n", "OK user=bob\r\n", "OK user=bob", "\n", "a\nb\n", "a\n\x00", "\r\n", "\r\r\n"} {
		f.Add([]byte(out))
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		if len(out) > maxReply-1 {
			return // more than the pipe takes
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := w.Write(out); err != nil {
			t.Fatal(err)
		}
		w.Close()
		p := process{out: r}
		line, failed := p.reply()
		want, whole := strings.CutSuffix(string(out), "\n")
		whole = whole && !strings.Contains(want, "\n")
		if (failed == nil) != whole || whole && string(line) != strings.TrimSuffix(want, "\r") {
			t.Errorf("%q: %q, %v", out, line, failed)
		}
	})
}
