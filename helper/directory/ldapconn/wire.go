package ldapconn

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// maxAnswer bounds in bytes what a server may send to one request, and with it
// what the packets made of it take, a hundred times as much at worst. An entry with
// the attributes that are asked for takes less than 1 KiB.
const maxAnswer = 256 << 10

var (
	errAnswerSize = errors.New("it sends more than was asked for")
	errClosed     = errors.New("it closed the connection")
	errNoAnswer   = errors.New("no answer in time")
)

// wire is a network connection that is closed when a request's time is up, bounds
// what comes in, and remembers how it ended.
type wire struct {
	net.Conn
	left atomic.Int64 // bytes that may still come in
	sent atomic.Bool  // something was written, or may have been

	mu    sync.Mutex
	cause error // why nothing comes in any more
}

// Read implements io.Reader.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if w.left.Add(-int64(n)) < 0 {
		w.shut(errAnswerSize)
		return 0, errAnswerSize
	}
	if err != nil {
		w.ended(err)
	}
	return n, err
}

// Write implements io.Writer.
func (w *wire) Write(p []byte) (int, error) {
	if w.end() != nil {
		return 0, errClosed
	}
	w.sent.Store(true)
	return w.Conn.Write(p)
}

// during runs a request, and closes the wire when ctx is done before it.
func (w *wire) during(ctx context.Context, request func() error) error {
	w.left.Store(maxAnswer)
	stop := context.AfterFunc(ctx, func() { w.shut(errNoAnswer) })
	defer stop()
	return request()
}

// shut closes the wire, which ends whatever waits on it.
func (w *wire) shut(why error) {
	w.ended(why)
	w.Conn.Close()
}

// ended keeps the first cause.
func (w *wire) ended(why error) {
	var op *net.OpError
	switch {
	case errors.Is(why, io.EOF), errors.Is(why, net.ErrClosed):
		why = errClosed
	case errors.Is(why, os.ErrDeadlineExceeded):
		why = errNoAnswer
	case errors.As(why, &op):
		why = op.Err // without addresses, of which one is another each time
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cause == nil {
		w.cause = why
	}
}

// end returns why nothing comes in any more, nil if something might.
func (w *wire) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}
