package ldapconn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"squidauth/helper/directory/ldapconn/internal/message"
)

const (
	// maxAnswer bounds in bytes what a server may send to one request, and with it
	// what is made of it, some forty times as much at worst. An entry with the
	// attributes that are asked for takes less than 1 KiB.
	maxAnswer = 256 << 10

	// readSize is how many bytes are read at a time, at least, and keepSize how large a
	// buffer may be that a connection keeps for what follows.
	readSize = 1 << 10
	keepSize = 8 << 10
)

var (
	errAnswerSize = errors.New("it sends more than was asked for")
	errUnreadable = errors.New("it sends what cannot be read")
	errUnasked    = errors.New("it sends what was not asked for")
	errClosed     = errors.New("it closed the connection")
	errNoAnswer   = errors.New("no answer in time")
)

// wire is a connection that carries one request at a time. Whoever has a request writes
// it and reads the answer: there is no goroutine for each connection, which would cost
// more than the rest. So a wire is for one goroutine at a time. Once something is
// wrong with it, it remembers what, and is good for nothing more.
type wire struct {
	line      *line
	stream    net.Conn // over line: itself, or a layer that protects
	look      func() presence
	interrupt func() // ends waiting; for other goroutines

	id    int32  // of the last request
	out   []byte // room for a request
	in    []byte // what came in
	used  int    // bytes of that
	left  int    // bytes that may still come in
	cause error
}

// line is the network connection. It knows whether anything was sent on it.
type line struct {
	net.Conn
	sent bool
}

// Write implements io.Writer.
func (l *line) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	l.sent = l.sent || n > 0
	return n, err
}

func newWire(raw net.Conn) *wire {
	w := &wire{line: &line{Conn: raw}, look: looker(raw)}
	w.stream = w.line
	w.interrupt = func() { _ = raw.SetDeadline(time.Unix(1, 0)) } // an error means that it is closed
	return w
}

// during does what may wait, and ends that at ctx's deadline or when ctx is done.
func (w *wire) during(ctx context.Context, do func() error) error {
	if w.cause != nil {
		return w.cause
	}
	if err := w.line.SetDeadline(deadlineOf(ctx)); err != nil {
		return w.fail(err)
	}
	if ctx.Err() != nil {
		return w.fail(errNoAnswer) // and nothing is sent
	}
	stop := context.AfterFunc(ctx, w.interrupt)
	err := do()
	if !stop() {
		_ = w.fail(errNoAnswer) // for the next; what came of this one may be good
		if err != nil {
			return w.cause
		}
	}
	return err
}

// request sends a request and has the messages of its answer read by read, which
// returns whether one was the last. encode appends the request to bytes.
func (w *wire) request(ctx context.Context, encode func(b []byte, id int32) ([]byte, error), read func(message.Message) (last bool, err error)) error {
	return w.during(ctx, func() error {
		w.id = w.id%math.MaxInt32 + 1
		request, err := encode(w.out[:0], w.id)
		if err != nil {
			return err
		}
		w.out = kept(request)
		_, err = w.stream.Write(request)
		clear(request) // there may be a password in it
		if err != nil {
			return w.fail(err)
		}
		return w.answer(read)
	})
}

// kept is the room of bytes that are used no more, unless that is large.
func kept(b []byte) []byte {
	if cap(b) > keepSize {
		return nil
	}
	return b[:0]
}

func (w *wire) answer(read func(message.Message) (last bool, err error)) error {
	for w.left = maxAnswer; ; {
		m, err := w.next()
		if err != nil {
			return w.fail(err)
		}
		last, err := read(m)
		switch {
		case err != nil:
			return w.fail(err)
		case !last:
			continue
		case w.used < len(w.in):
			return w.fail(errUnasked)
		}
		w.in, w.used = kept(w.in), 0
		return nil
	}
}

// next returns the next message, which is good until it is called again. It must be
// of the answer to the request that was sent last.
func (w *wire) next() (m message.Message, err error) {
	for {
		size, err := message.Size(w.in[w.used:])
		switch {
		case err != nil:
			return m, errUnreadable
		case size > maxAnswer:
			return m, errAnswerSize
		case size == 0 || size > len(w.in)-w.used:
			if err := w.fill(); err != nil {
				return m, err
			}
			continue
		}
		m, err = message.Parse(w.in[w.used : w.used+size])
		w.used += size
		if err != nil {
			return m, errUnreadable
		}
		if r, ends := m.IsDisconnection(); ends {
			return m, disconnected(r)
		}
		if m.ID != w.id {
			return m, errUnasked
		}
		return m, nil
	}
}

// fill reads more, in place of what was used.
func (w *wire) fill() error {
	if w.used > 0 {
		w.in = w.in[:copy(w.in, w.in[w.used:])]
		w.used = 0
	}
	w.in = slices.Grow(w.in, readSize)
	n, err := w.stream.Read(w.in[len(w.in):cap(w.in)])
	w.in = w.in[:len(w.in)+n]
	if w.left -= n; w.left < 0 {
		return errAnswerSize
	}
	if n > 0 {
		return nil
	}
	return err
}

// presence is what can be told of a connection without waiting.
type presence byte

const (
	unknown presence = iota // whether something came in
	quiet                   // nothing came in
	pending                 // something did, or the end
)

// lookBlindly sees nothing.
func lookBlindly() presence { return unknown }

// settleTime is how long is waited for what cannot be told without.
const settleTime = time.Millisecond

// isAlive reports whether a wire that rested can take a request. The server may have
// ended it, or said that it does.
func (w *wire) isAlive(ctx context.Context) bool {
	if w.stream != net.Conn(w.line) && !w.isSilent(time.Unix(1, 0)) {
		return false // a layer had it already, so that looking would not see it
	}
	switch {
	case w.line.SetDeadline(deadlineOf(ctx)) != nil: // the last one may be over
		return false
	case w.look() == quiet:
		return true
	}
	// What came in may be only for the layer, such as TLS's tickets.
	end := time.Now().Add(settleTime)
	if deadline := deadlineOf(ctx); !deadline.IsZero() && deadline.Before(end) {
		end = deadline
	}
	return w.isSilent(end)
}

// isSilent reports whether there is nothing to read until then, and no end.
func (w *wire) isSilent(until time.Time) bool {
	if w.line.SetDeadline(until) != nil {
		return false
	}
	n, err := w.stream.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// deadlineOf returns the zero time, as connections take it, if there is none.
func deadlineOf(ctx context.Context) time.Time {
	deadline, _ := ctx.Deadline()
	return deadline
}

// secure begins TLS over what is there.
func (w *wire) secure(ctx context.Context, config *tls.Config) error {
	over := tls.Client(w.stream, config)
	w.stream = over
	return w.during(ctx, func() error {
		if err := over.HandshakeContext(ctx); err != nil {
			return w.fail(err)
		}
		return nil
	})
}

// tls returns the state of TLS, nil without.
func (w *wire) tls() *tls.ConnectionState {
	over, ok := w.stream.(*tls.Conn)
	if !ok {
		return nil
	}
	state := over.ConnectionState()
	return &state
}

// fail notes what is wrong, if nothing is yet, and returns that.
func (w *wire) fail(why error) error {
	var op *net.OpError
	switch {
	case errors.Is(why, io.EOF), errors.Is(why, io.ErrUnexpectedEOF), errors.Is(why, io.ErrClosedPipe), errors.Is(why, net.ErrClosed), errors.Is(why, syscall.EPIPE):
		why = errClosed
	case errors.Is(why, os.ErrDeadlineExceeded):
		why = errNoAnswer
	case errors.As(why, &op) && (op.Op == "read" || op.Op == "write"):
		why = op.Err // without addresses, of which one is another each time
	}
	if w.cause == nil {
		w.cause = why
	}
	return w.cause
}

// unbind ends the connection with its good will (RFC 4511 section 4.3): some servers log
// the others as lost.
func (w *wire) unbind() {
	if w.cause == nil && w.line.SetDeadline(time.Now().Add(time.Second)) == nil {
		_, _ = w.stream.Write(message.AppendUnbind(nil, w.id%math.MaxInt32+1))
	}
	w.close()
}

// close ends the connection.
func (w *wire) close() {
	_ = w.fail(errClosed)
	_ = w.line.Close()
}
