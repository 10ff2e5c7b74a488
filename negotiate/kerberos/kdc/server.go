package kdc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// maxAnswer bounds an answer in bytes. A ticket with a large PAC has 60 KB.
	maxAnswer = 1 << 20
	// maxConnections to one KDC at the same time. MIT's has 45 for everybody, and
	// drops the oldest for a new one.
	maxConnections = 10

	// connectTime is for setting up a connection.
	connectTime = 3 * time.Second

	// A KDC that failed is asked last for so long, ever longer until it answers.
	firstAvoidance = 2 * time.Second
	maxAvoidance   = time.Minute
)

// Dial is net.Dialer's DialContext.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// server is a KDC. It may be used from several goroutines.
type server struct {
	address string
	dial    Dial
	free    chan struct{} // holds a token for each connection

	mu       sync.Mutex
	failures int
	until    time.Time // when it is no longer asked last
}

func newServer(address string, dial Dial) *server {
	return &server{address: address, dial: dial, free: make(chan struct{}, maxConnections)}
}

// avoided reports whether others are to be asked first.
func (s *server) avoided(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.until)
}

func (s *server) failed(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = now.Add(min(firstAvoidance<<min(s.failures, 10), maxAvoidance))
	s.failures++
}

func (s *server) succeeded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures, s.until = 0, time.Time{}
}

// ask sends a message over a connection of its own, by TCP (RFC 4120 section 7.2.2),
// and returns the answer. With an error, sent reports whether the KDC may have got
// all of the message.
func (s *server) ask(ctx context.Context, message []byte) (answer []byte, sent bool, err error) {
	select {
	case s.free <- struct{}{}:
		defer func() { <-s.free }()
	case <-ctx.Done():
		return nil, false, fmt.Errorf("%s: no connection is free", s.address)
	}
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, false, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // long ago: what waits fails
	defer stop()
	answer, sent, err = roundTrip(conn, message)
	switch {
	case err == nil:
		return answer, true, nil
	case ctx.Err() != nil:
		err = errTime
	}
	return nil, sent, fmt.Errorf("%s: %w", s.address, err)
}

func (s *server) connect(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	return s.dial(ctx, "tcp", s.address)
}

var (
	errAnswerSize = errors.New("the answer has no sensible size")
	errTime       = errors.New("no answer in time")
)

func roundTrip(conn io.ReadWriter, message []byte) (answer []byte, sent bool, err error) {
	framed := append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
	if n, err := conn.Write(framed); err != nil {
		return nil, n == len(framed), err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, true, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n == 0 || n > maxAnswer {
		return nil, true, errAnswerSize
	}
	answer = make([]byte, n)
	_, err = io.ReadFull(conn, answer)
	return answer, true, err
}
