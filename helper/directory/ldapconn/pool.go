package ldapconn

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/watch"
)

// idleMost is how long a connection is kept that nobody uses: servers have many
// clients, and the helpers are many processes.
const idleMost = 30 * time.Second

// avoidFor is how long a server that failed comes after the others.
const avoidFor = time.Minute

// Options of a Pool.
type Options struct {
	Servers  []Server // in the order of preference; at least one
	StartTLS bool     // with servers that StartsPlain

	// CA has the certificates that those of the servers must lead to; nil: the
	// system's.
	CA *watch.File[x509.CertPool]

	BindDN string              // empty: no bind, as anonymous
	Secret *watch.File[Secret] // of the BindDN

	Connections int // at most so many at a time; 0: one

	// Dial opens network connections; nil means a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time // the clock; nil means time.Now
}

// Pool is connections to servers that hold the same. It may be used from several
// goroutines.
type Pool struct {
	opt     Options
	slots   chan struct{} // as many as connections may be in use
	refused refusal

	mu     sync.Mutex // guards what follows
	idle   []*conn
	failed []time.Time // by server; zero: it works, as far as is known
}

// New returns a Pool without connections.
func New(opt Options) *Pool {
	if opt.Dial == nil {
		opt.Dial = new(net.Dialer).DialContext
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Pool{
		opt:    opt,
		slots:  make(chan struct{}, max(1, opt.Connections)),
		failed: make([]time.Time, len(opt.Servers)),
	}
}

var errBusy = errors.New("all connections to the directory are in use")

// Search returns the entries that a server finds, within the time that ctx leaves.
// References to other servers are not followed. The error says in words for the
// operator what each server that was asked has against it; IsAnswer tells whether
// one works all the same.
func (p *Pool) Search(ctx context.Context, q *ldap.SearchRequest) ([]*ldap.Entry, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, errBusy
	}
	tries := len(p.opt.Servers)
	if c := p.takeIdle(); c != nil {
		found, err := p.searchOn(ctx, 1+tries, c, q)
		if err == nil || isFinal(err) {
			return found, p.describe(c.server, err)
		}
		p.dropIdle() // the others were not used for longer
	}
	return p.searchAnew(ctx, q)
}

// searchAnew tries the servers in turn.
func (p *Pool) searchAnew(ctx context.Context, q *ldap.SearchRequest) ([]*ldap.Entry, error) {
	problems := make([]string, len(p.opt.Servers))
	for i, number := range p.ranking() {
		found, err := p.searchServer(ctx, len(p.opt.Servers)-i, number, q)
		if err == nil || isFinal(err) {
			p.setFailed(number, time.Time{})
			return found, p.describe(number, err)
		}
		p.setFailed(number, p.opt.Now())
		problems[number] = p.describe(number, err).Error()
		if ctx.Err() != nil {
			break
		}
	}
	problems = slices.DeleteFunc(problems, func(s string) bool { return s == "" })
	return nil, errors.New(strings.Join(problems, "; "))
}

// searchServer opens a connection to a server and searches, in its part of the
// time when tries are left.
func (p *Pool) searchServer(ctx context.Context, tries, number int, q *ldap.SearchRequest) ([]*ldap.Entry, error) {
	ctx, cancel := onePart(ctx, tries)
	defer cancel()
	c, err := p.open(ctx, number)
	if err != nil {
		if ctx.Err() != nil {
			err = errNoAnswer
		}
		return nil, err
	}
	return p.searchOn(ctx, 1, c, q)
}

// searchOn searches on a connection, and keeps it if it is good for more. What the
// server answers to the search is an answerError.
func (p *Pool) searchOn(ctx context.Context, tries int, c *conn, q *ldap.SearchRequest) ([]*ldap.Entry, error) {
	ctx, cancel := onePart(ctx, tries)
	defer cancel()
	found, err := c.search(ctx, q)
	switch {
	case err == nil:
		p.putIdle(c)
		return found, nil
	case isFinal(err):
		p.putIdle(c)
		return nil, &answerError{err}
	}
	end := c.wire.end()
	c.close()
	return nil, because(err, end)
}

// onePart returns a context with a part of the time that is left, so that there is as
// much for each try.
func onePart(ctx context.Context, tries int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(tries))
}

// ranking returns the numbers of the servers: those that did not fail of late, then
// those whose failure is longest ago.
func (p *Pool) ranking() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opt.Now()
	numbers := make([]int, len(p.failed))
	for i, at := range p.failed {
		numbers[i] = i
		if ago := now.Sub(at); ago >= avoidFor || ago < 0 {
			p.failed[i] = time.Time{}
		}
	}
	slices.SortStableFunc(numbers, func(a, b int) int { return p.failed[a].Compare(p.failed[b]) })
	return numbers
}

// setFailed notes when a server failed; the zero time: it works.
func (p *Pool) setFailed(number int, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed[number] = at
}

func (p *Pool) describe(number int, err error) error {
	if err == nil {
		return nil
	}
	described := fmt.Errorf("%s: %s", p.opt.Servers[number], words(err))
	if IsAnswer(err) {
		return &answerError{described}
	}
	return described
}

// takeIdle returns the connection that was used last, nil if there is none.
func (p *Pool) takeIdle() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		c.expiry.Stop()
		if c.isUsable() {
			return c
		}
		c.close()
	}
	return nil
}

func (p *Pool) putIdle(c *conn) {
	if !c.isUsable() {
		c.close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
	c.expiry = time.AfterFunc(idleMost, func() { p.expire(c) })
}

// expire closes a connection that nobody used for long.
func (p *Pool) expire(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.idle, c); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
		c.close()
	}
}

// dropIdle closes the connections that nobody uses.
func (p *Pool) dropIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.expiry.Stop()
		c.close()
	}
	p.idle = nil
}
