package helper

import (
	"hash/maphash"
	"sync"
	"time"

	"squidauth/protocol"
)

const (
	// repeatsWithin is how long a refusal that names nobody stands for those like it: a
	// browser without a ticket is refused with every request that it makes.
	repeatsWithin = time.Minute
	// maxRepeats bounds how many kinds of them are told apart; more are all logged.
	maxRepeats = 256
)

// repeats counts refusals of clients of whom nothing is known. The zero repeats is empty.
// It may be used from several goroutines.
type repeats struct {
	mu   sync.Mutex
	seed maphash.Seed
	seen map[uint64]*repeated // by the hash of a refusal, which may be long
}

// refusal is what tells those of unknown clients apart.
type refusal struct{ backend, reason, cause, client, extras string }

type repeated struct {
	logged time.Time
	since  int // not logged
}

// covers reports whether a line in the log stands for the reply already; if not, how many
// like it there were since that line.
func (s *repeats) covers(r protocol.Reply, now time.Time) (covered bool, since int) {
	d := r.Detail()
	if r.Outcome() != protocol.Denied || d.User != "" {
		return false, 0
	}
	kind := refusal{backend: d.Backend, reason: d.Reason, client: d.Client, extras: d.Extras}
	if d.Cause != nil {
		kind.cause = d.Cause.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen, s.seed = map[uint64]*repeated{}, maphash.MakeSeed()
	}
	key := maphash.Comparable(s.seed, kind)
	last := s.seen[key]
	switch {
	case last == nil:
		s.keep(key, now)
	case now.Sub(last.logged) < repeatsWithin && !now.Before(last.logged):
		last.since++
		return true, 0
	default:
		since = last.since
		*last = repeated{logged: now}
	}
	return false, since
}

// keep remembers a refusal, if there is room for it once the old ones are forgotten.
func (s *repeats) keep(key uint64, now time.Time) {
	if len(s.seen) >= maxRepeats {
		for k, r := range s.seen {
			if now.Sub(r.logged) >= repeatsWithin || now.Before(r.logged) {
				delete(s.seen, k)
			}
		}
	}
	if len(s.seen) < maxRepeats {
		s.seen[key] = &repeated{logged: now}
	}
}
