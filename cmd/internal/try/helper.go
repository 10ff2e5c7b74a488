package try

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"squidauth/protocol"
)

// helperPeer is a helper program that is started as Squid starts it.
type helperPeer struct {
	scheme string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	lines  *protocol.Reader // of out
	grace  time.Duration    // to end by itself
}

// endWithin is how long a helper may take to end when it gets no more requests.
const endWithin = 5 * time.Second

// startHelper starts a helper. Its log goes to standard error.
func startHelper(scheme string, command []string) (*helperPeer, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Args[0] = "(" + filepath.Base(command[0]) + ")"
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &helperPeer{scheme, cmd, in, out, protocol.NewReader(out, protocol.MaxTokenLine), endWithin}, nil
}

func (h *helperPeer) exchange(ctx context.Context, first bool, token []byte) (answer, error) {
	stop := context.AfterFunc(ctx, h.kill)
	defer stop()
	_, err := io.WriteString(h.in, h.request(first, token)+"\n")
	wrote := err == nil
	var line []byte
	if wrote {
		line, err = h.lines.ReadLine()
	}
	switch {
	case ctx.Err() != nil:
		return answer{}, errors.New("the helper did not answer in time")
	case !wrote:
		return answer{}, fmt.Errorf("the helper does not read: %w", err)
	case err != nil:
		return answer{}, fmt.Errorf("the helper ended without an answer: %w", err)
	}
	return readReply(line), nil
}

// request is the line that Squid would send.
func (h *helperPeer) request(first bool, token []byte) string {
	switch {
	case h.scheme == "basic":
		user, password, _ := strings.Cut(string(token), ":")
		return escape(user) + " " + escape(password)
	case first:
		return "YR " + base64.StdEncoding.EncodeToString(token)
	}
	return "KK " + base64.StdEncoding.EncodeToString(token)
}

// escape writes what is no letter or digit as %XX, as Squid does with more than it must.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

// readReply reads a reply as Squid does.
func readReply(line []byte) answer {
	r := protocol.ParseReply(line)
	a := answer{outcome: map[protocol.Result]protocol.Outcome{
		protocol.ResultOK: protocol.Accepted, protocol.ResultERR: protocol.Denied, protocol.ResultTT: protocol.Continue,
	}[r.Result]}
	words := []string{a.outcome.String()}
	for _, note := range r.Notes {
		if note.Key == "token" {
			a.token, _ = base64.StdEncoding.DecodeString(note.Value)
			continue
		}
		words = append(words, note.Key+"="+note.Value)
	}
	if r.Other != "" {
		words = append(words, r.Other)
	}
	a.said = strings.Join(words, " ")
	return a
}

// close ends the helper as Squid does, by the end of its input; or else by force.
func (h *helperPeer) close() {
	h.in.Close()
	late := time.AfterFunc(h.grace, h.kill)
	defer late.Stop()
	h.cmd.Wait()
}

// kill ends the helper, and whoever waits for it: what the helper has started, such as the
// program that a script calls, may live on and hold the pipes.
func (h *helperPeer) kill() {
	h.cmd.Process.Kill()
	h.in.Close()
	h.out.Close()
}
