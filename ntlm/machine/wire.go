package machine

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"

	"squidauth/ntlm/machine/gss"
)

const (
	// maxInput bounds in bytes what a domain controller may send in a connection: a
	// dozen of answers of a few KB each.
	maxInput = 4 << 20

	// maxSealed bounds a sealed message in bytes, and maxReceive is what the domain
	// controller is told of it (RFC 4752 section 3.1).
	maxSealed  = 1 << 20
	maxReceive = maxSealed - 1

	// sealing is more than sealing adds to a message, in bytes.
	sealing = 256
)

var (
	errInput  = errors.New("it sends more than was asked for")
	errSealed = errors.New("it sends what is not sealed")
)

// wire is a connection that bounds what comes in and, once it is sealed, protects
// what goes to and fro (RFC 4422 section 3.7). It is sealed between an answer and the
// next request, while somebody may wait in Read.
type wire struct {
	net.Conn
	left int // bytes that may still come in

	seal   atomic.Pointer[seal]
	raw    []byte // of a message that is not complete
	opened []byte
}

type seal struct {
	context *gss.Context
	max     int // bytes of a sealed message that the other side takes
}

func newWire(c net.Conn) *wire { return &wire{Conn: c, left: maxInput} }

// Read implements io.Reader.
func (w *wire) Read(p []byte) (int, error) {
	for {
		if n := copy(p, w.opened); n > 0 {
			w.opened = w.opened[n:]
			return n, nil
		}
		n, err := w.Conn.Read(p)
		if w.left -= n; w.left < 0 {
			w.Close()
			return 0, errInput
		}
		s := w.seal.Load()
		if s == nil || err != nil {
			return n, err
		}
		w.raw = append(w.raw, p[:n]...)
		if err := w.open(s); err != nil {
			w.Close()
			return 0, err
		}
	}
}

// open opens the messages that are complete.
func (w *wire) open(s *seal) error {
	for len(w.raw) >= 4 {
		size := binary.BigEndian.Uint32(w.raw)
		if size > maxSealed {
			return errInput
		}
		if len(w.raw)-4 < int(size) {
			return nil
		}
		message, sealed, err := s.context.Unwrap(w.raw[4 : 4+size])
		if err != nil {
			return err
		}
		if !sealed {
			return errSealed
		}
		w.opened, w.raw = append(w.opened, message...), w.raw[4+size:]
	}
	return nil
}

// Write implements io.Writer.
func (w *wire) Write(p []byte) (int, error) {
	s := w.seal.Load()
	if s == nil {
		return w.Conn.Write(p)
	}
	written := 0
	for len(p) > 0 {
		part := p[:min(len(p), s.max-sealing)]
		message, err := s.context.Wrap(part, true)
		if err != nil {
			return written, err
		}
		if _, err := w.Conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)); err != nil {
			return written, err
		}
		written, p = written+len(part), p[len(part):]
	}
	return written, nil
}
