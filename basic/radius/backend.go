package radius

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// Reasons of this backend's own.
const (
	Challenge       basic.Reason = "access-challenge"    // a second step, which Basic has not
	IllegalPassword basic.Reason = "illegal-password"    // that PAP cannot say
	Unsigned        basic.Reason = "unsigned-reply"      // no Message-Authenticator
	WrongSecret     basic.Reason = "wrong-shared-secret" // the server's is another
	NoSecret        basic.Reason = "no-shared-secret"    // it cannot be read
)

const (
	// DefaultNextAfter is how long a server may be silent before the next is asked.
	DefaultNextAfter = 3 * time.Second

	// maxWait bounds a login that nobody else bounds.
	maxWait = time.Minute
)

// Config says whom to ask, and how. The zero value of each field but Servers and Log is
// usable.
type Config struct {
	Servers []Server // in the order of preference; at least one
	NAS     NAS

	Wait      time.Duration // how long a login may take, if its context lets it; 0: a minute
	NextAfter time.Duration // 0: DefaultNextAfter

	// PermitUnsigned accepts answers without Message-Authenticator of a server that
	// never sent one. See the package's comment.
	PermitUnsigned bool

	// Attributes of an Access-Accept that become annotations: filter_id_, class_.
	AnnotateFilterID, AnnotateClass bool

	// CallingStation returns the Calling-Station-Id of a login; nil: none is sent.
	CallingStation func(context.Context) string

	Log *slog.Logger

	// Dial opens the sockets, and Resolve looks names up; nil: as package net does.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)

	Rand io.Reader // nil: crypto/rand
}

// Backend asks RADIUS servers. It may be used from several goroutines.
type Backend struct {
	config  Config
	servers []*server
}

var _ basic.Placed = (*Backend)(nil)

// New returns the Backend of a configuration. It asks nobody anything yet; the error
// says what cannot be meant.
func New(c Config) (*Backend, error) {
	if len(c.Servers) == 0 {
		return nil, errors.New("no RADIUS server")
	}
	for _, s := range c.Servers {
		if s.Secret == nil {
			return nil, fmt.Errorf("RADIUS server %s has no secret", s)
		}
	}
	if len(c.NAS.Identifier) > maxValue {
		return nil, fmt.Errorf("a NAS-Identifier has %d bytes at most", maxValue)
	}
	if c.Wait <= 0 {
		c.Wait = maxWait
	}
	if c.NextAfter <= 0 {
		c.NextAfter = DefaultNextAfter
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Resolve == nil {
		c.Resolve = net.DefaultResolver.LookupNetIP
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	c.Rand = newSource(c.Rand)
	b := &Backend{config: c}
	for _, s := range c.Servers {
		b.servers = append(b.servers, newServer(s, &b.config))
	}
	return b, nil
}

// Close closes the sockets that nobody uses, and the others once they are answered.
func (b *Backend) Close() error {
	for _, s := range b.servers {
		list, _ := s.known()
		for _, e := range list {
			e.retire()
		}
	}
	return nil
}

// Texts for who wants to be told what is wrong.
const (
	textLongUser     = "User name too long. RADIUS has 253 bytes."
	textLongPassword = "Password too long. RADIUS has 128 bytes."
)

// Authenticate implements basic.Backend.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	switch {
	case len(user) > maxValue:
		return basic.No(basic.IllegalName, textLongUser)
	case len(password) > maxPassword:
		return basic.No(basic.PasswordTooLong, textLongPassword)
	case user == "" || strings.IndexByte(user, 0) >= 0:
		return basic.No(basic.IllegalName, "")
	case password == "" || strings.IndexByte(string(password), 0) >= 0: // servers cut it there
		return basic.No(IllegalPassword, "")
	}
	q := question{user: user, password: password, station: b.Place(ctx)}
	a, r, f := b.ask(ctx, q)
	if f != nil {
		return f.verdict()
	}
	v := b.verdict(a.endpoint, user, r)
	a.endpoint.put(a.link)
	return v
}

// Place implements basic.Placed: servers may let a user in from one station only. It
// returns the Calling-Station-Id.
func (b *Backend) Place(ctx context.Context) string {
	if b.config.CallingStation == nil {
		return ""
	}
	return cut(b.config.CallingStation(ctx), maxValue)
}

// pause returns how long to wait for an answer to the n-th packet of a request.
func (b *Backend) pause(n int) time.Duration {
	p := min(time.Duration(n)*firstPause, lastPause)
	var dice [1]byte
	if _, err := io.ReadFull(b.config.Rand, dice[:]); err != nil {
		return p
	}
	return p + p*time.Duration(int(dice[0])-128)*jitter/(128*100)
}

// source is a source of random bytes for several goroutines, read ahead of need: asking
// the system costs as much as the hashes of a request.
type source struct {
	mu  sync.Mutex
	buf *bufio.Reader
}

// readAhead is how many random bytes are kept: for some thirty requests.
const readAhead = 512

func newSource(r io.Reader) *source { return &source{buf: bufio.NewReaderSize(r, readAhead)} }

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Read(p)
}
