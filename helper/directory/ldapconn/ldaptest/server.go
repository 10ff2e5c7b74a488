// Package ldaptest plays directory servers in memory, also such as no real one is.
package ldaptest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
)

// Server answers requests as a test wants. Its fields are set before it is used; its
// methods may be called concurrently.
type Server struct {
	// Reply returns what is sent for a request. Nothing at all (nil) ends the
	// connection; empty bytes make the client wait.
	Reply func(Request) []byte

	// TLS is for connections that begin with it, and for StartTLS, which the Server
	// does after it has sent its reply. Without TLS it is deaf from there on.
	TLS       *tls.Config
	StartsTLS bool // TLS from the first byte

	// Refuse makes dialling fail, Hang makes it wait. Deaf has nothing read, so that
	// whoever writes waits.
	Refuse, Hang, Deaf bool

	mu      sync.Mutex
	dialled int
	open    map[net.Conn]struct{}
	seen    []Request
}

// Dial opens a connection to the server, whatever the address.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.mu.Lock()
	s.dialled++
	s.mu.Unlock()
	switch {
	case s.Refuse:
		return nil, errors.New("connection refused")
	case s.Hang:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	near, far := net.Pipe()
	if !s.Deaf {
		s.accept(far)
	}
	return near, nil
}

// Serve answers who connects to the listener, until that is closed.
func (s *Server) Serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.accept(c)
	}
}

func (s *Server) accept(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[net.Conn]struct{})
	}
	s.open[c] = struct{}{}
	go s.serve(c)
}

// Dialled returns how often a connection was wanted.
func (s *Server) Dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialled
}

// Open returns how many connections there are.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Seen returns the requests so far.
func (s *Server) Seen() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.seen...)
}

// Searches returns how many of the requests were searches.
func (s *Server) Searches() int { return s.Count(Search) }

// Count returns how many of the requests were of a kind.
func (s *Server) Count(op byte) (n int) {
	for _, r := range s.Seen() {
		if r.Op == op {
			n++
		}
	}
	return n
}

// Hangup closes all connections.
func (s *Server) Hangup() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

// Say sends something, unasked, on all connections, and closes them.
func (s *Server) Say(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		_, _ = c.Write(b)
		c.Close()
	}
}

func (s *Server) serve(raw net.Conn) {
	defer func() {
		raw.Close()
		s.mu.Lock()
		delete(s.open, raw)
		s.mu.Unlock()
	}()
	var c net.Conn = raw
	if s.StartsTLS {
		c = s.protect(raw)
	}
	for {
		r, err := read(c)
		if err != nil || r.Op == unbind {
			return
		}
		r.TLS = c != raw
		s.mu.Lock()
		s.seen = append(s.seen, r)
		s.mu.Unlock()
		reply := s.Reply(r)
		if reply == nil {
			return
		}
		if _, err := c.Write(reply); err != nil {
			return
		}
		if r.Op == Extended {
			c = s.protect(raw)
		}
	}
}

func (s *Server) protect(raw net.Conn) net.Conn {
	if s.TLS == nil {
		_, _ = io.Copy(io.Discard, raw) // until the client closes it
		return raw
	}
	return tls.Server(raw, s.TLS)
}
