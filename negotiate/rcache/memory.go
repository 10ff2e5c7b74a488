package rcache

import (
	"fmt"
	"sync"
	"time"
)

// MaxMemory is how many authenticators the memory cache of Open holds: more than
// 1,700 logins a second at the usual lifetime of 10 minutes, in some 30 MB.
const MaxMemory = 1 << 20

// farBack is a step back of the clock that is no adjustment but the end of a
// wrong date.
const farBack = 24 * time.Hour

// Memory is a cache that one process has for itself. It is safe for concurrent
// use by goroutines.
//
// It never forgets a tag before its lifetime is over, and keeps it at most for
// two. A Memory that is full refuses what is new with an error until entries
// expire; it does not push out older ones, which could then be replayed.
type Memory struct {
	lifetime time.Duration
	max      int

	mu     sync.Mutex
	young  map[key]struct{} // presented at or after turned
	old    map[key]struct{} // presented before
	turned time.Time        // when young became old last
}

var _ Cache = (*Memory)(nil)

// NewMemory returns an empty cache of at most limit entries. The package comment
// says what lifetime is.
func NewMemory(lifetime time.Duration, limit int) (*Memory, error) {
	if err := checkLifetime(lifetime); err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, fmt.Errorf("replay cache in memory: no room for %d entries", limit)
	}
	return &Memory{lifetime: lifetime, max: limit, young: make(map[key]struct{})}, nil
}

// Seen implements Cache.
func (m *Memory) Seen(tag []byte, now time.Time) (bool, error) {
	k, err := makeKey(tag)
	if err != nil {
		return true, fmt.Errorf("replay cache in memory: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	if _, ok := m.young[k]; ok {
		return true, nil
	}
	if _, ok := m.old[k]; ok {
		return true, nil
	}
	if len(m.young)+len(m.old) >= m.max {
		return true, fmt.Errorf("replay cache in memory: full with %d authenticators of the last %v", m.max, 2*m.lifetime)
	}
	m.young[k] = struct{}{}
	return false, nil
}

// turn lets the old entries go once the last of them has expired. m.mu is held.
func (m *Memory) turn(now time.Time) {
	age := now.Sub(m.turned)
	switch {
	case m.turned.IsZero() || age < -farBack:
		// After a wrong date the entries get a lifetime by the right one;
		// by the wrong one they would fill the cache for ever.
		m.turned = now
	case age > 2*m.lifetime:
		m.young, m.old, m.turned = make(map[key]struct{}), nil, now
	case age > m.lifetime:
		m.young, m.old, m.turned = make(map[key]struct{}), m.young, now
	}
}
