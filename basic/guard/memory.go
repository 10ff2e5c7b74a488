package guard

import (
	"sync"
	"time"
)

// maxNames bounds how many names a process remembers for itself: a record takes some
// 300 bytes.
const maxNames = 4096

// memory holds records for one process.
type memory struct {
	key key

	mu      sync.Mutex
	records map[tag]record
	swept   time.Time // when what has expired went last
}

// sweepEvery bounds what a flood of names costs.
const sweepEvery = time.Minute

// update replaces the record of a login's name by what change makes of it.
func (m *memory) update(q *question, r rules, change change) {
	name := q.own.name
	m.mu.Lock()
	defer m.mu.Unlock()
	before, there := m.records[name]
	rec := change(before, q.own)
	if len(rec) == 0 {
		delete(m.records, name)
		return
	}
	if !there && len(m.records) >= maxNames {
		m.makeRoom(r, q.now)
	}
	m.records[name] = rec
}

// makeRoom forgets what has expired, or else of some names the one that is worth least.
func (m *memory) makeRoom(r rules, now time.Time) {
	if since := now.Sub(m.swept); since < 0 || since >= sweepEvery {
		m.swept = now
		for name, rec := range m.records {
			if len(r.prune(rec, now)) == 0 {
				delete(m.records, name)
			}
		}
	}
	if len(m.records) >= maxNames {
		delete(m.records, m.leastOfSome(r, now))
	}
}

// leastOfSome looks at as many names as a bucket of the file has.
func (m *memory) leastOfSome(r rules, now time.Time) (name tag) {
	seen, least := 0, 0
	for some, rec := range m.records {
		if w := r.worth(rec, now); seen == 0 || w < least {
			name, least = some, w
		}
		if seen++; seen == pageLen/slotLen {
			break
		}
	}
	return name
}
