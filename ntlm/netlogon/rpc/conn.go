package rpc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

var errBroken = errors.New("rpc: the connection is of no use any more")

// Conn is a connection that is bound to an interface. It is for one goroutine at a
// time.
type Conn struct {
	net      net.Conn
	reader   *bufio.Reader
	security Security // nil: calls are not protected
	call     uint32   // ID of the last call
	maxSend  int      // bytes of a fragment that the server takes
	broken   bool
}

// Bind binds a connection to an interface, with security or without. The Conn owns
// the connection: after an error it is closed.
func Bind(ctx context.Context, c net.Conn, iface Syntax, s Security) (*Conn, error) {
	conn := &Conn{net: c, reader: bufio.NewReaderSize(c, maxFragment), security: s}
	err := conn.within(ctx, func() error { return conn.bind(iface) })
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// Close closes the connection.
func (c *Conn) Close() error {
	c.broken = true
	return c.net.Close()
}

// Alive reports whether a call has a chance: the server has not closed the
// connection, nor sent what nobody asked for. It does not wait.
func (c *Conn) Alive() bool {
	if c.broken || c.reader.Buffered() > 0 {
		return false
	}
	return c.net.SetDeadline(time.Time{}) == nil && quiet(c.net)
}

// Call makes a call and returns the parameters of its answer. Any error leaves the
// connection closed, even a Fault.
func (c *Conn) Call(ctx context.Context, operation uint16, parameters []byte) (answer string, err error) {
	err = c.within(ctx, func() (err error) {
		answer, err = c.exchange(operation, parameters)
		return err
	})
	if err != nil {
		return "", err
	}
	return answer, nil
}

// within runs f for as long as ctx lasts, and closes the connection if it fails.
func (c *Conn) within(ctx context.Context, f func() error) error {
	if c.broken {
		return &NotSent{errBroken}
	}
	if err := ctx.Err(); err != nil {
		c.Close()
		return &NotSent{err}
	}
	deadline, _ := ctx.Deadline()
	if err := c.net.SetDeadline(deadline); err != nil {
		c.Close()
		return &NotSent{err}
	}
	stop := context.AfterFunc(ctx, func() { c.net.SetDeadline(time.Unix(1, 0)) })
	err := f()
	if !stop() && err == nil { // the deadline of the past may be set after this
		c.broken = true
	}
	if err == nil {
		return nil
	}
	c.Close()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case errors.Is(err, os.ErrDeadlineExceeded): // the connection's clock was quicker
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}
