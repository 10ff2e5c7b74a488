// Package remember stands in front of a backend and asks it no more often than needed:
// equal logins at the same time share one answer, and a password that was accepted can
// be accepted again for a while. It keeps what it knows in memory, and nothing of it
// anywhere else. What was refused is package guard's.
package remember

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"squidauth/basic"
	"squidauth/helper/doctor"
	"squidauth/protocol"
)

// maxUsers bounds how many accepted logins are remembered.
const maxUsers = 4096

var errWaited = errors.New("the same user and password were being checked already, and there was no answer in time")

// Options of a Backend.
type Options struct {
	// Accepted is how long an accepted password is accepted again without asking;
	// 0: not at all.
	Accepted time.Duration

	// Version returns a word that changes when what was accepted may have become
	// wrong, see basic.Versioned and basic.Revised; nil: it never does.
	Version func(context.Context) string

	// Place returns what the answers depend on besides the user and the password, see
	// basic.Placed; nil: nothing.
	Place func(context.Context) string

	Name string           // of the backend, in the audit log
	Now  func() time.Time // the clock; nil means time.Now
}

// Backend is another Backend with a memory in front. It may be used from several
// goroutines.
type Backend struct {
	backend basic.Backend
	opt     Options
	key     [sha256.Size]byte

	mu       sync.Mutex
	asking   map[login]*answer
	accepted map[client]accepted
	epoch    int // counts Reloads
}

var _ basic.Backend = (*Backend)(nil)

// client is who sent something: a user, as the client wrote it, at a place.
type client struct{ user, place string }

// login is what a client sent.
type login struct {
	client
	password protocol.Secret
}

// answer is that to logins which came at the same time.
type answer struct {
	done    chan struct{} // closed when there is one
	verdict basic.Verdict
	late    bool // who asked had no time left
}

// accepted is the last login of a client that was accepted.
type accepted struct {
	password [sha256.Size]byte // a keyed hash of it
	version  string
	at       time.Time
	verdict  basic.Verdict
}

// New returns a memory for b.
func New(b basic.Backend, opt Options) *Backend {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Version == nil {
		opt.Version = nothing
	}
	if opt.Place == nil {
		opt.Place = nothing
	}
	m := &Backend{backend: b, opt: opt, asking: make(map[login]*answer), accepted: make(map[client]accepted)}
	rand.Read(m.key[:]) // never fails
	return m
}

func nothing(context.Context) string { return "" }

// Reload forgets what was accepted, and passes on to the backend.
func (m *Backend) Reload(ctx context.Context) error {
	m.mu.Lock()
	clear(m.accepted)
	m.epoch++
	m.mu.Unlock()
	return basic.Reload(ctx, m.backend)
}

// Examine has the backend examined.
func (m *Backend) Examine(ctx context.Context, r *doctor.Report) { basic.Examine(ctx, r, m.backend) }

// Close closes the backend.
func (m *Backend) Close() error { return basic.Close(m.backend) }

// Authenticate implements basic.Backend.
func (m *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	l := login{client{user, m.opt.Place(ctx)}, password}
	version := ""
	if m.opt.Accepted > 0 {
		version = m.opt.Version(ctx)
		if v, ok := m.recall(l, version); ok {
			return v
		}
	}
	for {
		a, mine, epoch := m.join(l)
		if mine {
			return m.ask(ctx, l, a, version, epoch)
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			return basic.Undecided(basic.Overloaded, errWaited)
		}
		if !a.late || ctx.Err() != nil {
			return a.verdict
		}
	}
}

// join returns the answer that is to come to a login, and whether the caller is the
// one to get it.
func (m *Backend) join(l login) (a *answer, mine bool, epoch int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a, there := m.asking[l]; there {
		return a, false, m.epoch
	}
	a = &answer{done: make(chan struct{})}
	m.asking[l] = a
	return a, true, m.epoch
}

// ask asks the backend. Who waits for the answer gets one even if it panics.
func (m *Backend) ask(ctx context.Context, l login, a *answer, version string, epoch int) basic.Verdict {
	defer func() {
		a.late = ctx.Err() != nil
		m.mu.Lock()
		delete(m.asking, l)
		m.mu.Unlock()
		close(a.done)
	}()
	a.verdict = m.backend.Authenticate(ctx, l.user, l.password)
	if m.opt.Accepted > 0 && a.verdict.Outcome() == protocol.Accepted {
		m.keep(l, accepted{m.hash(l), version, m.opt.Now(), a.verdict}, epoch)
	}
	return a.verdict
}

// recall returns the verdict of a login that was accepted.
func (m *Backend) recall(l login, version string) (basic.Verdict, bool) {
	hash, now := m.hash(l), m.opt.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	a, there := m.accepted[l.client]
	if !there || a.version != version || !m.fresh(a, now) || !hmac.Equal(a.password[:], hash[:]) {
		return basic.Verdict{}, false
	}
	name := m.opt.Name
	if a.verdict.Who() != "" {
		name = a.verdict.Who()
	}
	return a.verdict.By(name + " (remembered)"), true
}

// fresh reports that what was accepted still is, unless the clock was put back.
func (m *Backend) fresh(a accepted, now time.Time) bool {
	age := now.Sub(a.at)
	return 0 <= age && age < m.opt.Accepted
}

// keep remembers what was accepted, in place of another password of the same client. It
// does not if there was a Reload since the question.
func (m *Backend) keep(l login, a accepted, epoch int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch {
		return
	}
	if _, there := m.accepted[l.client]; !there && len(m.accepted) >= maxUsers {
		m.drop(a.at)
	}
	m.accepted[l.client] = a
}

// drop makes room: all that has expired goes, or else somebody.
func (m *Backend) drop(now time.Time) {
	var some client
	for c, a := range m.accepted {
		some = c
		if !m.fresh(a, now) {
			delete(m.accepted, c)
		}
	}
	if len(m.accepted) >= maxUsers {
		delete(m.accepted, some)
	}
}

// hash returns a hash of the password under this process's key.
func (m *Backend) hash(l login) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write([]byte(l.password))
	mac.Sum(sum[:0])
	return sum
}
