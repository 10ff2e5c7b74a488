package gss

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
)

const (
	// maxSealed bounds a sealed message in bytes, and maxReceive is what the server is
	// told of it (RFC 4752 section 3.1).
	maxSealed  = 1 << 20
	maxReceive = maxSealed - 1

	// sealing is more than sealing adds to a message, in bytes.
	sealing = 256
)

var (
	errSize   = errors.New("it sends more than was asked for")
	errSealed = errors.New("it sends what is not sealed")
)

// Conn is a connection that, once it is told to, seals what goes to and fro (RFC 4422
// section 3.7). That is between an answer and the next request, while somebody may
// wait in Read.
type Conn struct {
	net.Conn

	seal   atomic.Pointer[seal]
	raw    []byte // of a message that is not complete
	opened []byte
}

type seal struct {
	context *Context
	max     int // bytes of a sealed message that the other side takes
}

// NewConn returns a Conn over c that does not seal yet.
func NewConn(c net.Conn) *Conn { return &Conn{Conn: c} }

// Protect seals all that follows the login.
func (c *Conn) Protect(s *SASL) { c.seal.Store(&seal{context: s.context, max: s.max}) }

// Read implements io.Reader.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		if n := copy(p, c.opened); n > 0 {
			c.opened = c.opened[n:]
			return n, nil
		}
		n, err := c.Conn.Read(p)
		s := c.seal.Load()
		switch {
		case s == nil:
			return n, err
		case n == 0 && err != nil:
			return 0, err
		}
		c.raw = append(c.raw, p[:n]...)
		if err := c.open(s); err != nil {
			c.Close()
			return 0, err
		}
	}
}

// open opens the messages that are complete.
func (c *Conn) open(s *seal) error {
	for len(c.raw) >= 4 {
		size := binary.BigEndian.Uint32(c.raw)
		if size > maxSealed {
			return errSize
		}
		if len(c.raw)-4 < int(size) {
			return nil
		}
		message, sealed, err := s.context.Unwrap(c.raw[4 : 4+size])
		if err != nil {
			return err
		}
		if !sealed {
			return errSealed
		}
		c.opened, c.raw = append(c.opened, message...), c.raw[4+size:]
	}
	return nil
}

// Write implements io.Writer.
func (c *Conn) Write(p []byte) (int, error) {
	s := c.seal.Load()
	if s == nil {
		return c.Conn.Write(p)
	}
	written := 0
	for len(p) > 0 {
		part := p[:min(len(p), s.max-sealing)]
		message, err := s.context.Wrap(part, true)
		if err != nil {
			return written, err
		}
		if _, err := c.Conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)); err != nil {
			return written, err
		}
		written, p = written+len(part), p[len(part):]
	}
	return written, nil
}
