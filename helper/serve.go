package helper

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"squidauth/protocol"
)

// Texts for the client's error page when Serve itself has to answer.
const (
	textTooLong = "The login request is too long."
	textNoID    = "The proxy's authentication helper is set up wrongly. Please tell the administrator."
	textTimeout = "The login check took too long. Please try again later."
	textBug     = "The proxy's authentication helper failed. Please tell the administrator."
)

// Serve answers the request lines of in on out until in ends or ctx is done,
// lets the requests in flight finish, and returns nil; or the error that kept it
// from reading or writing. For every line it writes exactly one reply, whatever
// the line is and whatever h does; for an unfinished line at the end, none.
func Serve(ctx context.Context, in io.Reader, out io.Writer, h Handler, opt Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &server{
		handler: h,
		opt:     opt,
		lines:   protocol.NewReader(in, opt.maxLine()),
		slots:   make(chan struct{}, opt.inFlight()),
		out:     out,
		ctx:     context.WithoutCancel(ctx), // who is in flight may finish
		fail:    cancel,
		ended:   make(chan error, 1),
	}
	go s.loop()
	var err error
	select {
	case err = <-s.ended:
	case <-ctx.Done(): // the loop may hang in a read; its goroutine ends with us
		var broken *writeError
		if errors.As(context.Cause(ctx), &broken) {
			return broken.error // nobody waits for the rest
		}
		err = s.linger()
	}
	s.gate.shut()
	return err
}

// How Serve ends when it is told to although Squid still talks to it: at a pause
// in the requests. Squid fails the login that it sends to a helper while that
// ends, and some versions abort.
const (
	lingerPause = 100 * time.Millisecond
	lingerMost  = 5 * time.Second
)

// linger goes on answering until a pause, or the end of the input.
func (s *server) linger() error {
	for range lingerMost / lingerPause {
		empty, before := s.gate.quiet()
		select {
		case err := <-s.ended:
			return err
		case <-time.After(lingerPause):
		}
		if _, now := s.gate.quiet(); empty && now == before {
			break
		}
	}
	return nil
}

type server struct {
	handler Handler
	opt     Options
	lines   *protocol.Reader
	slots   chan struct{} // as many as requests may be unanswered
	gate    gate
	stuck   atomic.Int64 // Handlers that are still busy after Serve answered for them
	ctx     context.Context
	fail    context.CancelCauseFunc
	ended   chan error // told by the loop, at its end
	repeats repeats

	mu  sync.Mutex // guards out and buf
	out io.Writer
	buf []byte
}

// loop reads lines and has each answered. At any time one goroutine is in it.
func (s *server) loop() {
	for {
		line, err := s.readLine()
		if err != nil && !errors.Is(err, protocol.ErrTooLong) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			s.ended <- err
			return
		}
		if !s.gate.enter() || !s.dispatch(line, err != nil) {
			return
		}
	}
}

// readLine reads a line when there is room for another request.
func (s *server) readLine() ([]byte, error) {
	s.slots <- struct{}{}
	if s.opt.Concurrency > 0 && !s.lines.Buffered() {
		runtime.Gosched() // a blocking read may keep the processor from who is to answer
	}
	return s.lines.ReadLine()
}

// dispatch answers what needs no Handler, and lets one answer the rest: in the
// loop's own goroutine if there is to be but one request at a time. It reports
// false if that took so long that another goroutine went on with the loop.
func (s *server) dispatch(line []byte, tooLong bool) bool {
	q, ok := s.newRequest(line)
	s.opt.Log.Debug("request", "channel", string(q.id), "bytes", len(line))
	switch {
	case tooLong:
		q.finish(protocol.Broken(textTooLong).With(protocol.Detail{Reason: "line-too-long"}))
	case !ok:
		q.finish(protocol.Broken(textNoID).With(protocol.Detail{Reason: "channel-id", Cause: s.idAdvice()}))
	case s.stuck.Load() >= int64(s.opt.inFlight()):
		q.finish(protocol.Broken(textTimeout).With(protocol.Detail{Reason: "busy", Cause: errBusy}))
	case s.opt.Concurrency == 0:
		return q.run()
	default:
		go q.run()
	}
	return true
}

// write sends one reply with one write. Squid takes two replies in one read for
// one, or one reply in two reads for two.
func (s *server) write(id []byte, r protocol.Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = s.buf[:0]
	if id != nil {
		s.buf = append(append(s.buf, id...), ' ')
	}
	s.buf = append(protocol.AppendReply(s.buf, r, s.opt.Scheme, s.opt.Dialect), '\n')
	if _, err := s.out.Write(s.buf); err != nil {
		s.fail(&writeError{err})
	}
}

// writeError is why nobody hears the replies any more.
type writeError struct{ error }

var errBusy = errors.New("earlier requests are still stuck past their deadline")

var (
	errNoID    = errors.New("request without a channel-ID: --concurrency is for squid.conf lines with concurrency=; take it away here or set it there")
	errStrayID = errors.New("request with a channel-ID: squid.conf says concurrency=, so this helper needs --concurrency with the same number")
)

func (s *server) idAdvice() error {
	if s.opt.Concurrency > 0 {
		return errNoID
	}
	return errStrayID
}
