//go:build unix

package e2e

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Detour is an address that leads to another one, by TCP, and may take its time. Its
// methods may be called concurrently.
type Detour struct {
	to       string
	listener net.Listener
	delay    atomic.Int64 // of what comes back, in nanoseconds
	accepted atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// StartDetour starts one for the length of the test.
func StartDetour(t testing.TB, to string) *Detour {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &Detour{to: to, listener: listener, conns: map[net.Conn]struct{}{}}
	go d.serve()
	t.Cleanup(func() {
		listener.Close()
		d.mu.Lock()
		defer d.mu.Unlock()
		for c := range d.conns {
			c.Close()
		}
	})
	return d
}

// Address returns its HOST:PORT.
func (d *Detour) Address() string { return d.listener.Addr().String() }

// Delay has each answer wait so long.
func (d *Detour) Delay(by time.Duration) { d.delay.Store(int64(by)) }

// Count returns how many connections went this way.
func (d *Detour) Count() int { return int(d.accepted.Load()) }

func (d *Detour) serve() {
	for {
		client, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.accepted.Add(1)
		go d.lead(client)
	}
}

func (d *Detour) lead(client net.Conn) {
	server, err := net.Dial("tcp", d.to)
	if err != nil {
		client.Close()
		return
	}
	d.keep(client, server)
	defer d.drop(client, server)
	go func() {
		_, _ = io.Copy(server, client) // either may end it
		if c, ok := server.(*net.TCPConn); ok {
			_ = c.CloseWrite()
		}
	}()
	answer := make([]byte, 64<<10)
	for {
		n, err := server.Read(answer)
		if wait := time.Duration(d.delay.Load()); wait > 0 {
			time.Sleep(wait) // what the test is about
		}
		if _, failed := client.Write(answer[:n]); err != nil || failed != nil {
			return
		}
	}
}

func (d *Detour) keep(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		d.conns[c] = struct{}{}
	}
}

func (d *Detour) drop(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(d.conns, c)
	}
}
