//go:build unix

package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"squidauth/protocol"
)

// asHelper is the first argument of this test binary where it plays the program.
const asHelper = "-play-a-helper"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == asHelper:
		playHelper(os.Args[2:])
	case len(os.Args) > 1 && os.Args[1] == asParent:
		playParent()
	default:
		os.Exit(m.Run())
	}
}

// playHelper does what the tokens say that it is asked, and tells what it is about to
// do on standard error. An argument "banner FILE" makes it speak first, once: as long
// as there is no such file.
func playHelper(args []string) {
	if len(args) == 2 && args[0] == "banner" {
		if f, err := os.OpenFile(args[1], os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			f.Close()
			fmt.Println("OK user=eve")
			fmt.Fprintln(os.Stderr, "spoke")
		}
	}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if len(args) == 1 && args[0] == "stubborn" {
				signal.Ignore(syscall.SIGTERM)
				forever()
			}
			return
		}
		token, err := base64.StdEncoding.DecodeString(strings.Fields(line)[1])
		if err != nil {
			os.Exit(99)
		}
		act(string(token))
	}
}

func act(token string) {
	verb, arg, _ := strings.Cut(token, " ")
	switch verb {
	case "say":
		fmt.Println(arg)
	case "raw":
		fmt.Print(arg)
	case "many":
		n, _ := strconv.Atoi(arg)
		fmt.Println(strings.Repeat("x", n))
	case "long":
		n, _ := strconv.Atoi(arg)
		fmt.Println("BH " + strings.Repeat("x", n))
	case "pid":
		fmt.Printf("OK user=%d\n", os.Getpid())
	case "descriptors":
		fmt.Printf("OK user=%s\n", descriptors())
	case "exit":
		fmt.Print(arg) // an unfinished reply
		os.Exit(3)
	case "close":
		os.Stdout.Close()
		forever()
	case "hang":
		fmt.Fprintln(os.Stderr, "hangs")
		forever()
	case "stop":
		fmt.Fprintln(os.Stderr, "stops")
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	}
}

// forever does not return. A select without cases would end the program, as nothing
// could ever wake it up.
func forever() {
	for {
		time.Sleep(time.Hour)
	}
}

// descriptors lists what is open beyond the standard three, and beyond what the list
// itself takes and Go's runtime opens.
func descriptors() string {
	list := []string{"none"}
	for fd := 3; fd < 256; fd++ {
		target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err == nil && !strings.HasPrefix(target, "anon_inode:") && !strings.HasPrefix(target, "/sys/fs/cgroup/") {
			list = append(list, target)
		}
	}
	return strings.Join(list, ",")
}

// line makes a request of what the program is to do.
func line(verb, act string) []byte {
	return []byte(verb + " " + base64.StdEncoding.EncodeToString([]byte(act)))
}

// A stage has a Child and sees what the program and the log say.
type stage struct {
	*Child
	said *bufio.Reader // the program's standard error
	log  chan string
}

// soon is far more than anything here takes.
const soon = 30 * time.Second

func newStage(t *testing.T, c Config, args ...string) *stage {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{said: bufio.NewReader(said), log: make(chan string, 1000)}
	if c.Command == nil {
		c.Command = append([]string{self, asHelper}, args...)
	}
	if c.Scheme == 0 {
		c.Scheme = protocol.Negotiate
	}
	c.Stderr, c.Log = stderr, slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if s.Child, err = New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.patience = 0
		s.Close()
		stderr.Close()
		said.Close()
	})
	return s
}

// newRunaway runs a program that started another, in a session of its own, which holds
// the pipes and does nothing.
func newRunaway(t *testing.T) *stage {
	t.Helper()
	lookPath(t, "setsid")
	s := newStage(t, Config{Command: []string{lookPath(t, "sh"), "-c", `exec 3<&0; setsid sh -c 'echo $$ >&2; exec sleep 1000' <&3 & wait`}})
	word, err := s.said.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(word))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
	return s
}

func lookPath(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Write takes a line of the log.
func (s *stage) Write(b []byte) (int, error) {
	s.log <- string(bytes.Clone(b))
	return len(b), nil
}

// awaitLog waits for a line of the log with these words and returns it.
func (s *stage) awaitLog(t *testing.T, words string) string {
	t.Helper()
	late := time.After(soon)
	for {
		select {
		case l := <-s.log:
			if strings.Contains(l, words) {
				return l
			}
		case <-late:
			t.Fatalf("the log does not say %q", words)
		}
	}
}

// logged returns the lines that are in the log and were not waited for.
func (s *stage) logged() string {
	var all strings.Builder
	for len(s.log) > 0 {
		all.WriteString(<-s.log)
	}
	return all.String()
}

func (s *stage) awaitSaid(t *testing.T, want string) {
	t.Helper()
	if got, err := s.said.ReadString('\n'); err != nil || got != want+"\n" {
		t.Fatalf("the program says %q, %v, want %q", got, err, want)
	}
}

func (s *stage) ask(t *testing.T, verb, act string) protocol.Reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	return s.Handle(ctx, line(verb, act))
}

// want asks and wants this answer, in the words of Negotiate.
func (s *stage) want(t *testing.T, verb, act, want string) {
	t.Helper()
	r := s.ask(t, verb, act)
	if got := string(protocol.AppendReply(nil, r, protocol.Negotiate, protocol.Modern)); got != want {
		t.Errorf("%s %.40s: got %q, want %q; cause %v", verb, act, got, want, r.Detail().Cause)
	}
}

// wantBroken asks and wants that nobody could tell, for this reason.
func (s *stage) wantBroken(t *testing.T, verb, act, reason string) {
	t.Helper()
	mustBeBroken(t, s.ask(t, verb, act), reason)
}

func mustBeBroken(t *testing.T, r protocol.Reply, reason string) {
	t.Helper()
	if d := r.Detail(); r.Outcome() != protocol.Unavailable || d.Reason != reason || d.Cause == nil || r.Text() != textUnavailable {
		t.Errorf("got %v, %+v, want BH for %s", r.Outcome(), d, reason)
	}
}

// pid asks the program for its number.
func (s *stage) pid(t *testing.T) int {
	t.Helper()
	r := s.ask(t, "YR", "pid")
	n, err := strconv.Atoi(r.Detail().User)
	if err != nil {
		t.Fatalf("%v, %+v", r.Outcome(), r.Detail())
	}
	return n
}

// asParent is the first argument of this test binary where it plays a wrapper that
// is going to be killed.
const asParent = "-play-a-parent"

// playParent runs a program that minds no end of its input, and waits for its own.
func playParent() {
	self, err := os.Executable()
	if err != nil {
		os.Exit(99)
	}
	c, err := New(Config{Command: []string{self, asHelper, "stubborn"}, Scheme: protocol.NTLM, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		os.Exit(99)
	}
	r := c.Handle(context.Background(), line("YR", "say OK user=bob"))
	fmt.Fprintln(os.Stderr, r.Outcome())
	forever()
}
