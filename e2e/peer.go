//go:build unix

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// PeerConfig says how to start a Peer.
type PeerConfig struct {
	Command []string
	// Env is the whole environment.
	Env []string
	// AsProxy has the program run as the user that Squid's helpers are, where
	// the test is root.
	AsProxy bool
	// Foreign is for programs that are not ours: what they do at the end of
	// their input, and what they write to their log, is their affair.
	Foreign bool
}

// Peer is a program that answers each line with one line, as helpers do. It is
// used by one goroutine.
type Peer struct {
	config PeerConfig
	dir    string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    chan string // closed at the end of its output
	exited chan struct{}
	asked  []string
}

// answerTimeout is how long a Peer may take for what takes it milliseconds.
const answerTimeout = 20 * time.Second

// StartPeer starts a program without Squid. When the test ends it is stopped,
// and checked: it must end by itself with status 0 when its input does, have
// said nothing unasked, and have nothing alarming in its log.
func StartPeer(t testing.TB, c PeerConfig) *Peer {
	t.Helper()
	p := &Peer{config: c, dir: Dir(t), out: make(chan string, 16), exited: make(chan struct{})}
	log, err := os.Create(p.logFile())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.Command(c.Command[0], c.Command[1:]...)
	p.cmd.Env, p.cmd.Stderr, p.cmd.Dir = c.Env, log, p.dir
	if c.AsProxy && os.Getuid() == 0 {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: proxyCredential(t)}
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	KillAtEnd(t, p.cmd.Process, p.exited)
	t.Cleanup(func() { p.finish(t) })
	return p
}

func proxyCredential(t testing.TB) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(squidUser)
	if err != nil {
		t.Fatal(err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		t.Fatalf("user %s has uid %q, gid %q", squidUser, u.Uid, u.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// read passes the program's lines on until it closes its output.
func (p *Peer) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			p.out <- strings.TrimSuffix(line, "\n")
		}
		if err != nil {
			break
		}
	}
	close(p.out)
	_ = p.cmd.Wait() // its status is in ProcessState
	close(p.exited)
}

func (p *Peer) logFile() string { return filepath.Join(p.dir, "log") }

// Log returns what the program wrote to its standard error.
func (p *Peer) Log() string {
	text, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Ask sends a line and returns the answer.
func (p *Peer) Ask(t testing.TB, line string) string {
	t.Helper()
	p.Say(t, line)
	return p.Next(t)
}

// Say sends a line. Who says more than one before the answer takes that by Next.
func (p *Peer) Say(t testing.TB, line string) {
	t.Helper()
	p.asked = append(p.asked, line)
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		t.Fatalf("%s: %v\n%s", p.config.Command[0], err, p.Log())
	}
}

// Signal sends the program a signal.
func (p *Peer) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("%s: %v", p.config.Command[0], err)
	}
}

// Next returns the next line that the program says.
func (p *Peer) Next(t testing.TB) string {
	t.Helper()
	select {
	case line, ok := <-p.out:
		if !ok {
			t.Fatalf("%s ended\n%s", p.config.Command[0], p.Log())
		}
		return line
	case <-time.After(answerTimeout):
		t.Fatalf("%s does not answer\n%s", p.config.Command[0], p.Log())
	}
	return ""
}

// finish ends the program's input and looks at how it ends, and at its log.
func (p *Peer) finish(t testing.TB) {
	t.Helper()
	if err := p.in.Close(); err != nil {
		t.Error(err)
	}
	deadline := time.After(answerTimeout)
	for open := true; open; {
		var line string
		select {
		case line, open = <-p.out:
			if open && !p.config.Foreign {
				t.Errorf("nobody asked: %q", line)
			}
		case <-deadline:
			t.Errorf("%s does not end", p.config.Command[0])
			go func() { // it is about to be killed, whatever it has to say
				for range p.out {
				}
			}()
			return
		}
	}
	<-p.exited
	if p.config.Foreign {
		return
	}
	if !p.cmd.ProcessState.Success() {
		t.Errorf("%s: %v", p.config.Command[0], p.cmd.ProcessState)
	}
	p.checkLog(t)
}

// checkLog fails the test for anything alarming, and for tokens: each of them
// lets its finder in where the replay cache does not know it.
func (p *Peer) checkLog(t testing.TB) {
	t.Helper()
	log := p.Log()
	for _, line := range Alarms(log) {
		t.Errorf("log: %s", line)
	}
	for n, line := range p.asked {
		for _, word := range strings.Fields(line) {
			if len(word) > minToken && strings.Contains(log, word) {
				t.Errorf("the log holds what line %d said: %.30s…", n+1, word)
			}
		}
	}
	if t.Failed() {
		t.Logf("log of %s:\n%s", filepath.Base(p.config.Command[0]), tail(log, 40))
	}
}

// minToken tells tokens from the other words of a request, in bytes.
const minToken = 40

// String names the program and its process.
func (p *Peer) String() string {
	return fmt.Sprintf("%s[%d]", filepath.Base(p.config.Command[0]), p.cmd.Process.Pid)
}
