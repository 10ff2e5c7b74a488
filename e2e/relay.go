//go:build unix

package e2e

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// A Relay is a TCP server that passes everything on to another, as a network does
// that takes time, or that loses everything. Its methods may be called concurrently.
type Relay struct {
	listener net.Listener
	target   string

	mu          sync.Mutex // guards what follows
	delay       time.Duration
	moving      chan struct{} // closed while bytes pass
	connections map[net.Conn]struct{}
	made        int
	closed      bool
}

// StartRelay starts a relay to the address for the length of the test.
func StartRelay(t testing.TB, target string, delay time.Duration) *Relay {
	t.Helper()
	r, err := NewRelay(target, delay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// NewRelay is StartRelay for programs that are no tests. Every round trip takes so
// much longer, and one to connect too.
func NewRelay(target string, delay time.Duration) (*Relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{listener: listener, target: target, delay: delay, moving: make(chan struct{}), connections: make(map[net.Conn]struct{})}
	close(r.moving)
	go r.accept()
	return r, nil
}

// Address returns where the relay listens.
func (r *Relay) Address() string { return r.listener.Addr().String() }

// Connections returns how many connections the relay has taken.
func (r *Relay) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made
}

// SetDelay has every round trip that begins from now on take so much longer.
func (r *Relay) SetDelay(delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = delay
}

// Stall keeps all bytes back, as a firewall that has forgotten its connections
// does; new connections are made, and hear nothing.
func (r *Relay) Stall() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ended(r.moving) && !r.closed {
		r.moving = make(chan struct{})
	}
}

// Resume passes on what Stall has kept back.
func (r *Relay) Resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ended(r.moving) {
		close(r.moving)
	}
}

// Cut closes all connections.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.connections {
		c.Close()
	}
}

// Close ends the relay.
func (r *Relay) Close() {
	r.listener.Close()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.Resume()
	r.Cut()
}

func (r *Relay) accept() {
	for {
		client, err := r.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil && r.add(client) {
			go r.serve(client)
		}
	}
}

// add remembers a connection, so that Cut finds it.
func (r *Relay) add(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		c.Close()
		return false
	}
	r.connections[c] = struct{}{}
	return true
}

func (r *Relay) forget(c net.Conn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.connections, c)
}

func (r *Relay) serve(client net.Conn) {
	defer r.forget(client)
	r.mu.Lock()
	r.made++
	delay := r.delay
	r.mu.Unlock()
	time.Sleep(delay)
	server, err := net.Dial("tcp", r.target)
	if err != nil || !r.add(server) {
		return
	}
	defer r.forget(server)
	var both sync.WaitGroup
	both.Go(func() { r.pass(server, client, true) })
	both.Go(func() { r.pass(client, server, false) })
	both.Wait()
}

// A parcel is what has come in one piece, and when it is due.
type parcel struct {
	bytes []byte
	due   time.Time
}

// pass copies from one connection to another until one of them ends, and closes
// both. What is on its way does not hold up what comes behind it.
func (r *Relay) pass(to, from net.Conn, delayed bool) {
	defer to.Close()
	defer from.Close()
	const window = 1 << 10 // parcels on their way, as TCP has a window too
	way := make(chan parcel, window)
	var deliver sync.WaitGroup
	deliver.Go(func() { r.deliver(to, from, way) })
	defer deliver.Wait()
	defer close(way)
	for {
		buffer := make([]byte, 4<<10)
		n, err := from.Read(buffer)
		if n > 0 {
			way <- parcel{buffer[:n], r.due(delayed)}
		}
		if err != nil {
			return
		}
	}
}

func (r *Relay) due(delayed bool) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !delayed {
		return time.Time{}
	}
	return time.Now().Add(r.delay)
}

// deliver goes on to the end of the way, so that nobody waits to put something on it.
func (r *Relay) deliver(to, from net.Conn, way <-chan parcel) {
	var err error
	for p := range way {
		if err != nil {
			continue
		}
		time.Sleep(time.Until(p.due))
		r.mu.Lock()
		moving := r.moving
		r.mu.Unlock()
		<-moving
		if _, err = to.Write(p.bytes); err != nil {
			from.Close()
		}
	}
}
