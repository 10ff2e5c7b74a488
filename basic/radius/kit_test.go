package radius

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/basic"
	"squidauth/basic/radius/radiustest"
	"squidauth/helper/secret"
	"squidauth/protocol"
)

const testSecret = "the shared secret of all"

// stage is a Backend and the servers that it asks, in memory, under a clock of its own.
type stage struct {
	*Backend
	servers map[string]*radiustest.Server // by address
	log     *log
	began   time.Time
}

// log collects what is logged.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// play runs a test under a clock that stands still while something is done.
func play(t *testing.T, c Config, f func(t *testing.T, s *stage), servers ...*radiustest.Server) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, newStage(t, c, servers...))
	})
}

// newStage completes a configuration. The servers are 192.0.2.1 and so on, unless there
// are Servers in it already.
func newStage(t *testing.T, c Config, servers ...*radiustest.Server) *stage {
	t.Helper()
	s := &stage{servers: map[string]*radiustest.Server{}, log: new(log), began: time.Now()}
	addressed := len(c.Servers) > 0
	for i, server := range servers {
		if server.Secret == "" {
			server.Secret = testSecret
		}
		host := fmt.Sprintf("192.0.2.%d", i+1)
		s.servers[host+":1812"] = server
		if !addressed {
			c.Servers = append(c.Servers, Server{Host: host, Port: DefaultPort})
		}
	}
	for i := range c.Servers {
		if c.Servers[i].Secret == nil {
			c.Servers[i].Secret = secret.Fixed(testSecret)
		}
	}
	c.Log = slog.New(slog.NewTextHandler(io.MultiWriter(s.log, t.Output()), nil))
	c.Dial = s.dial
	if c.Rand == nil {
		c.Rand = rand.NewChaCha8([32]byte{1})
	}
	var err error
	if s.Backend, err = New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.mustHoldNoSecret(t))
	return s
}

func (s *stage) dial(ctx context.Context, network, address string) (net.Conn, error) {
	server, ok := s.servers[address]
	if !ok || network != "udp" {
		return nil, fmt.Errorf("nobody is at %s %s", network, address)
	}
	return server.Dial(ctx, network, address)
}

func (s *stage) mustHoldNoSecret(t *testing.T) func() {
	return func() {
		for _, word := range []string{testSecret, "alices-password", "a wrong guess"} {
			if strings.Contains(s.log.String(), word) {
				t.Errorf("the log holds %q", word)
			}
		}
	}
}

// askedTime is how long the login of a test may take.
const askedTime = 20 * time.Second

// ask has a user log in, and returns the verdict as "OK", "ERR reason" or "BH reason".
func (s *stage) ask(t *testing.T, user string, password protocol.Secret) string {
	t.Helper()
	return spell(s.verdict(t, user, password))
}

func (s *stage) verdict(t *testing.T, user string, password protocol.Secret) basic.Verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), askedTime)
	defer cancel()
	v := s.Authenticate(ctx, user, password)
	if (v.Outcome() == protocol.Unavailable) != (v.Cause() != nil) {
		t.Errorf("%v with the cause %v", v.Outcome(), v.Cause())
	}
	if v.Cause() != nil && strings.Contains(v.Cause().Error(), testSecret) {
		t.Errorf("the cause holds the secret: %v", v.Cause())
	}
	return v
}

func spell(v basic.Verdict) string {
	if v.Outcome() == protocol.Accepted {
		return "OK"
	}
	return v.Outcome().String() + " " + string(v.Reason())
}

// want fails the test unless alice's login ends so, after a time.
func (s *stage) want(t *testing.T, want string, from, to time.Duration) {
	t.Helper()
	began := time.Now()
	if got := s.ask(t, "alice", "alices-password"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if took := time.Since(began); took < from || took > to {
		t.Errorf("%s after %v, want between %v and %v", want, took, from, to)
	}
}

// alice is the only user of servers that work.
func alice() *radiustest.Server {
	return &radiustest.Server{Answer: radiustest.Users(map[string]string{"alice": "alices-password"})}
}

// silent is a server that says nothing.
func silent() *radiustest.Server {
	return &radiustest.Server{Answer: func(radiustest.Request) []radiustest.Datagram { return nil }}
}

// switched is a server whose answers can be exchanged.
type switched struct {
	radiustest.Server
	mu     sync.Mutex
	answer func(radiustest.Request) []radiustest.Datagram
}

func newSwitched(first func(radiustest.Request) []radiustest.Datagram) *switched {
	s := &switched{answer: first}
	s.Answer = func(q radiustest.Request) []radiustest.Datagram {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.answer(q)
	}
	return s
}

func (s *switched) set(answer func(radiustest.Request) []radiustest.Datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// resolver is a DNS in memory.
type resolver struct {
	mu    sync.Mutex
	hosts map[string][]netip.Addr
	asked int
	hangs time.Duration
}

func (r *resolver) resolve(ctx context.Context, _, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	r.asked++
	found, hangs := r.hosts[host], r.hangs
	r.mu.Unlock()
	select {
	case <-time.After(hangs):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if found == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return found, nil
}

func (r *resolver) set(host string, addresses ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hosts == nil {
		r.hosts = map[string][]netip.Addr{}
	}
	delete(r.hosts, host)
	for _, a := range addresses {
		r.hosts[host] = append(r.hosts[host], netip.MustParseAddr(a))
	}
}

// discard is for what has a log of its own.
var discard = slog.New(slog.DiscardHandler)
