package dialogue

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long a reply may take before a session counts as hung.
const patience = 20 * time.Second

// Play runs cmd, which must not be started and have no stdin and stdout, as
// Squid runs a helper, and plays the session with it. Files are looked for in
// cmd.Dir. What is said is written to show as it happens. The error names the
// step that failed.
func (s Session) Play(cmd *exec.Cmd, show io.Writer) error {
	p, err := start(cmd, show)
	if err != nil {
		return err
	}
	defer cmd.Process.Kill()
	for i, st := range s.steps {
		if err := p.step(st, s.steps[i+1:]); err != nil {
			return fmt.Errorf("line %d: %w", st.line, err)
		}
	}
	return p.close()
}

type player struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	replies chan string // closed at the end of the helper's output
	exited  chan error
	ended   bool
	show    io.Writer
	client  ntlmClient
}

func start(cmd *exec.Cmd, show io.Writer) (*player, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &player{cmd: cmd, stdin: stdin, replies: make(chan string), exited: make(chan error, 1), show: show}
	go p.read(stdout)
	return p, nil
}

func (p *player) read(stdout io.Reader) {
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			p.replies <- line
		}
		if err != nil {
			close(p.replies)
			p.exited <- p.cmd.Wait()
			return
		}
	}
}

func (p *player) step(s step, next []step) error {
	switch s.verb {
	case "->":
		return p.send(s.arg)
	case "=>":
		return p.sendUntil(s.arg, next)
	case "<-", "<~":
		return p.expect(s)
	case "signal":
		return p.signal(s.arg)
	case "exit":
		p.ended = true
		return p.wait()
	}
	return p.file(s.verb, strings.Fields(s.arg))
}

// brief shortens long words, such as tokens.
func brief(line string) string {
	const most = 60
	words := strings.Split(line, " ")
	for i, w := range words {
		if len(w) > most {
			words[i] = fmt.Sprintf("%s…(%d more)", w[:most], len(w)-most)
		}
	}
	return strings.Join(words, " ")
}

func (p *player) send(line string) error {
	line, err := p.client.fill(line)
	if err != nil {
		return err
	}
	p.client.sent(line)
	fmt.Fprintf(p.show, "-> %s\n", brief(line))
	_, err = io.WriteString(p.stdin, line+"\n")
	return err
}

// sendUntil asks until the reply is the one of the next step, which it leaves to
// that step.
func (p *player) sendUntil(line string, next []step) error {
	if len(next) == 0 || next[0].want == nil {
		return fmt.Errorf("no reply to wait for")
	}
	deadline := time.Now().Add(patience)
	for {
		if err := p.send(line); err != nil {
			return err
		}
		got, err := p.reply()
		if err != nil {
			return err
		}
		if next[0].want.MatchString(got) {
			return p.send(line)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("still %q", got)
		}
	}
}

func (p *player) expect(s step) error {
	got, err := p.reply()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.show, "<- %s\n", brief(got))
	if !s.want.MatchString(got) {
		return fmt.Errorf("got %q, want %q", got, s.arg)
	}
	return nil
}

func (p *player) reply() (string, error) {
	select {
	case line, ok := <-p.replies:
		if !ok {
			return "", fmt.Errorf("the helper closed its output")
		}
		reply, whole := strings.CutSuffix(line, "\n")
		if !whole {
			return "", fmt.Errorf("reply %q without a newline", line)
		}
		p.client.received(reply)
		return reply, nil
	case <-time.After(patience):
		return "", fmt.Errorf("no reply within %v", patience)
	}
}

func (p *player) signal(name string) error {
	signals := map[string]os.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}
	return p.cmd.Process.Signal(signals[name])
}

func (p *player) file(verb string, args []string) error {
	for i, a := range args {
		args[i] = filepath.Join(p.cmd.Dir, a)
	}
	switch {
	case verb == "rm" && len(args) == 1:
		return os.Remove(args[0])
	case verb == "cp" && len(args) == 2:
		content, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		if err := os.WriteFile(args[1]+".new", content, 0o644); err != nil {
			return err
		}
		return os.Rename(args[1]+".new", args[1])
	case verb == "chmod" && len(args) == 2:
		mode, err := strconv.ParseUint(filepath.Base(args[0]), 8, 32)
		if err != nil {
			return err
		}
		return os.Chmod(args[1], os.FileMode(mode))
	}
	return fmt.Errorf("wrong arguments of %s", verb)
}

// close ends the session as Squid does.
func (p *player) close() error {
	if p.ended {
		return nil
	}
	p.stdin.Close()
	return p.wait()
}

// wait waits for the end of the helper, which must have nothing more to say.
func (p *player) wait() error {
	select {
	case line, ok := <-p.replies:
		if ok {
			return fmt.Errorf("unasked output %q", line)
		}
	case <-time.After(patience):
		return fmt.Errorf("the helper did not end within %v", patience)
	}
	return <-p.exited
}
