package guard

import "sync"

// maxNames bounds how many names a process remembers for itself: a record takes some
// 300 bytes.
const maxNames = 4096

// memory holds records for one process.
type memory struct {
	key key

	mu      sync.Mutex
	records map[tag]record
}

// update replaces the record of a login's name by what change makes of it.
func (m *memory) update(q *question, r rules, change change) {
	name := q.own.name
	m.mu.Lock()
	defer m.mu.Unlock()
	before, there := m.records[name]
	rec := change(before, q.own.pair)
	if len(rec) == 0 {
		delete(m.records, name)
		return
	}
	if !there && len(m.records) >= maxNames {
		m.drop(func(rec record) record { return r.prune(rec, q.now) })
	}
	m.records[name] = rec
}

// drop makes room: all that has expired goes, or else some record.
func (m *memory) drop(prune func(record) record) {
	var some tag
	for name, rec := range m.records {
		some = name
		if len(prune(rec)) == 0 {
			delete(m.records, name)
		}
	}
	if len(m.records) >= maxNames {
		delete(m.records, some)
	}
}
