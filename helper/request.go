package helper

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"squidauth/protocol"
)

// request is one line on its way to its reply.
type request struct {
	server  *server
	id      []byte // channel-ID; nil: none
	line    []byte
	start   time.Time
	claimed atomic.Bool // somebody answers it
}

// newRequest copies the line, which the reader will overwrite, and cuts its
// channel-ID. It reports false when the ID is missing or nobody expected one.
func (s *server) newRequest(line []byte) (*request, bool) {
	q := &request{server: s, line: bytes.Clone(line), start: time.Now()}
	ok := true
	if s.opt.Concurrency > 0 {
		q.id, q.line, ok = protocol.CutChannelID(q.line)
	} else if s.opt.StrayID != nil {
		q.id = s.opt.StrayID(q.line)
		ok = q.id == nil
	}
	return q, ok
}

// run lets the Handler answer, and reports whether it did: if it overstays,
// overrun answers.
func (q *request) run() bool {
	timeout := q.server.opt.timeout()
	ctx, cancel := context.WithTimeout(q.server.ctx, timeout)
	defer cancel()
	watchdog := time.AfterFunc(timeout+grace, q.overrun)
	defer watchdog.Stop()
	reply := q.handle(ctx)
	if !q.claim() {
		q.server.stuck.Add(-1)
		return false
	}
	q.finish(reply)
	return true
}

// overrun answers in place of a Handler that does not come back. The Handler
// counts as stuck until it does, and if it holds up the loop, overrun takes over
// that as well.
func (q *request) overrun() {
	if !q.claim() {
		return
	}
	s := q.server
	s.stuck.Add(1)
	q.finish(protocol.Broken(textTimeout).With(protocol.Detail{Reason: "timeout"}))
	if s.opt.Concurrency == 0 {
		s.loop()
	}
}

func (q *request) claim() bool { return q.claimed.CompareAndSwap(false, true) }

// handle turns a panic into a reply. The value of the panic is logged only when
// it comes from the runtime: any other might quote the request.
func (q *request) handle(ctx context.Context) (reply protocol.Reply) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		what := fmt.Sprintf("%T", p)
		if err, ok := p.(runtime.Error); ok {
			what = err.Error()
		}
		q.server.opt.Log.Error("bug: the helper panicked on a request; please report this", "panic", what, "stack", string(debug.Stack()))
		reply = protocol.Broken(textBug).With(protocol.Detail{Reason: "panic"})
	}()
	return q.server.handler.Handle(ctx, q.line)
}

// finish writes the reply, makes room for the next request, and logs.
func (q *request) finish(r protocol.Reply) {
	s := q.server
	s.write(q.id, r)
	took := time.Since(q.start)
	<-s.slots
	s.audit(q, r, took)
	if s.opt.Observe != nil {
		s.opt.Observe(r, took)
	}
	s.gate.leave()
}

// audit logs one line per decision. A challenge is none. Refusals of clients of whom
// nothing is known are one line a minute, unless all decisions are to be logged.
func (s *server) audit(q *request, r protocol.Reply, took time.Duration) {
	var level slog.Level
	var msg string
	switch r.Outcome() {
	case protocol.Accepted:
		level, msg = slog.LevelInfo, "login accepted"
	case protocol.Denied:
		level, msg = slog.LevelInfo, "login refused"
	case protocol.Continue:
		return
	default:
		level, msg = slog.LevelError, "login undecided"
	}
	if !s.opt.Audit.covers(r.Outcome()) {
		return
	}
	covered, since := s.repeats.covers(r, q.start)
	if covered && s.opt.Audit != AuditAll {
		return
	}
	d := r.Detail()
	attrs := []slog.Attr{
		slog.String("user", d.User),
		slog.String("scheme", s.opt.Scheme.String()),
		slog.String("backend", d.Backend),
		slog.String("outcome", r.Outcome().String()),
		slog.String("reason", d.Reason),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
	}
	if q.id != nil {
		attrs = append(attrs, slog.String("channel", string(q.id)))
	}
	if d.Client != "" {
		attrs = append(attrs, slog.String("client", d.Client))
	}
	if d.Extras != "" {
		attrs = append(attrs, slog.String("extras", d.Extras))
	}
	if since > 0 && s.opt.Audit != AuditAll {
		attrs = append(attrs, slog.Int("repeated", since))
	}
	if d.Cause != nil {
		attrs = append(attrs, slog.String("cause", d.Cause.Error()))
	}
	s.opt.Log.LogAttrs(s.ctx, level, msg, attrs...)
}

func (a AuditLevel) covers(o protocol.Outcome) bool {
	switch a {
	case AuditAll:
		return true
	case AuditNone:
		return false
	}
	return o != protocol.Accepted
}
