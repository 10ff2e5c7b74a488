package radiustest

import (
	"context"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// Datagram is what a Server sends, or an error of the network in its place.
type Datagram struct {
	After time.Duration
	Bytes []byte
	Error error
}

// Server answers requests as a test wants. Its methods may be called concurrently.
type Server struct {
	Secret string

	// Answer returns what is sent for a request; nothing: the server is silent.
	Answer func(Request) []Datagram

	mu       sync.Mutex
	requests []Request
	sockets  int
	open     int
}

// Users answers with a signed Access-Accept who has a password of those, and with a
// signed Access-Reject who has not.
func Users(passwords map[string]string) func(Request) []Datagram {
	return func(q Request) []Datagram {
		code := byte(AccessReject)
		if p, ok := passwords[q.User]; ok && p == q.Password && q.Signed {
			code = AccessAccept
		}
		return []Datagram{{Bytes: q.Reply(code, Signed())}}
	}
}

// Requests returns all requests, in the order in which they came.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Sockets returns how many sockets were opened to the server, and how many are open.
func (s *Server) Sockets() (all, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sockets, s.open
}

// answer returns what is sent for a packet. What is no request is no fault of the
// server's: it is silent.
func (s *Server) answer(packet []byte) []Datagram {
	q, err := ParseRequest(slices.Clone(packet), s.Secret)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	s.requests = append(s.requests, q)
	s.mu.Unlock()
	return s.Answer(q)
}

// Listen answers on a UDP port of loopback until stop is called.
func (s *Server) Listen() (address string, stop func() error, err error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			for _, d := range s.answer(buf[:n]) {
				time.AfterFunc(d.After, func() { conn.WriteTo(d.Bytes, from) })
			}
		}
	}()
	return conn.LocalAddr().String(), conn.Close, nil
}

// Dial opens a socket to the server in memory, whatever the address.
func (s *Server) Dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets++
	s.open++
	return &socket{server: s, changed: make(chan struct{})}, nil
}

// socket is one end of a connection in memory.
type socket struct {
	server *Server

	mu       sync.Mutex
	queue    []Datagram
	deadline time.Time
	closed   bool
	changed  chan struct{} // closed when any of these changes
}

func (c *socket) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Read implements net.Conn. Of a datagram that does not fit, the rest is lost.
func (c *socket) Read(p []byte) (int, error) {
	for {
		d, changed, left := c.next()
		if changed == nil {
			return copy(p, d.Bytes), d.Error
		}
		select {
		case <-changed:
		case <-left:
		}
	}
}

// next returns what there is. If that is nothing yet, changed and left tell when to look
// again.
func (c *socket) next() (d Datagram, changed <-chan struct{}, left <-chan time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return Datagram{Error: net.ErrClosed}, nil, nil
	case !c.deadline.IsZero() && !time.Now().Before(c.deadline):
		return Datagram{Error: os.ErrDeadlineExceeded}, nil, nil
	case len(c.queue) > 0:
		d := c.queue[0]
		c.queue = c.queue[1:]
		return d, nil, nil
	}
	if !c.deadline.IsZero() {
		left = time.After(time.Until(c.deadline))
	}
	return Datagram{}, c.changed, left
}

// Write implements net.Conn.
func (c *socket) Write(p []byte) (int, error) {
	for _, d := range c.server.answer(p) {
		time.AfterFunc(d.After, func() {
			c.change(func() { c.queue = append(c.queue, d) })
		})
	}
	return len(p), nil
}

// Close implements net.Conn.
func (c *socket) Close() error {
	var was bool
	c.change(func() { was, c.closed = c.closed, true })
	if was {
		return net.ErrClosed
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.open--
	return nil
}

// SetReadDeadline implements net.Conn.
func (c *socket) SetReadDeadline(t time.Time) error {
	c.change(func() { c.deadline = t })
	return nil
}

// The rest of net.Conn.
func (c *socket) LocalAddr() net.Addr  { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 40000} }
func (c *socket) RemoteAddr() net.Addr { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 1812} }

func (c *socket) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *socket) SetWriteDeadline(time.Time) error { return nil }
