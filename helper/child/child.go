// Package child makes another helper program, such as Samba's ntlm_auth or one of
// Squid's own, a helper.Handler: it is asked one request at a time, and its replies
// become protocol.Reply.
//
// Such a program is not trusted to be there, to be quick, or to say one line for one
// line. Where no answer comes that fits, the client is told that nobody could tell,
// and the program is killed and started anew: what it says late is not the answer to
// the next user's request.
package child

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"squidauth/protocol"
)

// Config says what is run, and how it speaks.
type Config struct {
	// Command is the path of the program, which must be absolute, and its
	// arguments. Those are never logged: a password may be among them.
	Command []string
	// Scheme is the one that the program was written for, NTLM or Negotiate.
	Scheme protocol.Scheme
	// Idle has the program started when it is needed first.
	Idle bool

	Log    *slog.Logger
	Now    func() time.Time // the clock; nil means time.Now
	Stderr *os.File         // the program's; nil means ours
}

// Child is a program that answers the request lines of handshakes. Its methods may
// be called from several goroutines; one request at a time is in flight.
type Child struct {
	config   Config
	name     string // for the log
	backoff  backoff
	patience time.Duration // with a program that is to end
	isRoot   bool          // this process

	turn   chan struct{} // holds a token while somebody uses what follows
	closed bool
	now    *process // nil: to be started
	began  *process // who answered the last request with a challenge
	last   *process // who was dropped last; its end may not be logged yet
}

// New starts the program, unless it is to be idle. The error is about a command that can never be run; that
// there is no such program is logged, for there may be one when a request comes.
func New(c Config) (*Child, error) {
	switch {
	case len(c.Command) == 0:
		return nil, errors.New("no program is named")
	case !filepath.IsAbs(c.Command[0]):
		return nil, fmt.Errorf("%q is not an absolute path, and programs are not looked for", c.Command[0])
	case c.Scheme != protocol.NTLM && c.Scheme != protocol.Negotiate:
		return nil, fmt.Errorf("there are no programs of the scheme %v that could be asked", c.Scheme)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Stderr == nil {
		c.Stderr = os.Stderr
	}
	child := &Child{
		config:   c,
		name:     filepath.Base(c.Command[0]),
		backoff:  backoff{now: c.Now},
		patience: endWithin,
		isRoot:   os.Geteuid() == 0,
		turn:     make(chan struct{}, 1),
	}
	if !c.Idle {
		_ = child.start() // is logged, and tried again
	}
	return child, nil
}

// Handle implements helper.Handler for lines that begin with YR or KK and a token.
// It returns when ctx is done, and the program is then killed. KK goes only to the
// process that answered YR before it.
func (c *Child) Handle(ctx context.Context, line []byte) protocol.Reply {
	first, ok := parseVerb(line)
	if !ok {
		return c.broken(&failure{reasonRequest, errRequest})
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return c.broken(&failure{reasonTimeout, errBusy})
	}
	p, f := c.ready(ctx, first)
	if f != nil {
		return c.broken(f)
	}
	return c.ask(ctx, p, line)
}

// Close ends the program, once the request in flight is answered. The program is
// told by the end of its input, and killed if it does not mind that.
func (c *Child) Close() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.closed = true
	if c.now != nil {
		c.now.end(c.patience)
		c.now = nil
	}
	if c.last != nil {
		c.last.await(c.patience)
	}
	return nil
}

// ready returns the process that is to be asked.
func (c *Child) ready(ctx context.Context, first bool) (*process, *failure) {
	began := c.began
	c.began = nil
	if c.now != nil {
		if f := c.now.quiet(); f != nil {
			c.drop(f)
		}
	}
	switch wait := c.backoff.left(); {
	case c.closed:
		return nil, &failure{reasonEnded, errClosed}
	case ctx.Err() != nil:
		return nil, &failure{reasonTimeout, errBusy}
	case !first && (began == nil || began != c.now):
		return nil, &failure{reasonLost, errLost}
	case c.now != nil:
		return c.now, nil
	case wait > 0:
		return nil, &failure{reasonDown, fmt.Errorf("the program %s failed %d times in a row and is not started for another %v", c.name, c.backoff.failures, wait.Round(time.Millisecond))}
	}
	if f := c.start(); f != nil {
		return nil, f
	}
	return c.now, nil
}

// start starts the program.
func (c *Child) start() *failure {
	p, err := startProcess(&c.config)
	if err != nil {
		c.backoff.failed()
		c.config.Log.Error("a helper program cannot be started", "error", err.Error(), "again_in", pause(c.backoff.failures).String())
		return &failure{reasonStart, err}
	}
	c.now = p
	return nil
}

// ask has the process answer.
func (c *Child) ask(ctx context.Context, p *process, line []byte) protocol.Reply {
	answer, f := p.ask(ctx, line)
	if f != nil {
		c.drop(f)
		return c.broken(f)
	}
	r, err := protocol.ParseChildReply(answer, c.config.Scheme)
	if err != nil {
		f = &failure{reasonReply, fmt.Errorf("the program %s gave %w", c.name, err)}
		if errors.Is(err, protocol.ErrNoReply) {
			c.drop(f) // the reply is still to come
		}
		return c.broken(f)
	}
	if r.Outcome() == protocol.Continue {
		c.began = p
	} else {
		c.backoff.worked()
	}
	return c.describe(r)
}

// drop gets rid of a process that cannot be asked any more.
func (c *Child) drop(f *failure) {
	c.now.discard(f)
	c.last, c.now = c.now, nil
	c.backoff.failed()
}

// describe adds what the log is told of an answer.
func (c *Child) describe(r protocol.Reply) protocol.Reply {
	d := protocol.Detail{Backend: c.name}
	switch r.Outcome() {
	case protocol.Accepted:
		d.Reason = reasonYes
	case protocol.Denied:
		d.Reason = reasonNo
	case protocol.Unavailable:
		d.Reason = reasonUndecided
	}
	if r.Text() != "" {
		d.Cause = errors.New(r.Text())
	}
	return r.With(d)
}

func (c *Child) broken(f *failure) protocol.Reply {
	return protocol.Broken(textUnavailable).With(protocol.Detail{Backend: c.name, Reason: f.reason, Cause: f.cause})
}
