package directory

import "time"

// How long an answer counts. One that is older is still used while there is no
// better.
const (
	keepFound   = time.Hour
	keepMissing = 5 * time.Minute // also for questions that a server answered with an error
)

// maxEntries bounds a cache: 3 MB of names of ordinary length.
const maxEntries = 20000

// cache remembers answers.
type cache[K, V comparable] struct{ entries map[K]entry[V] }

// entry is an answer. The zero V says that there is nothing, unless there is an error,
// which says why the directory could not tell.
type entry[V comparable] struct {
	value V
	err   error
	since int64 // Unix seconds
}

func newCache[K, V comparable]() cache[K, V] { return cache[K, V]{make(map[K]entry[V])} }

// lookUp returns what is known of the keys, and those that are to be asked for. An
// error says why nothing is known of some: what was answered or, where that no longer
// counts, otherwise.
func (c cache[K, V]) lookUp(keys []K, now time.Time, otherwise error) (values []V, due []K, err error) {
	var nothing V
	values = make([]V, len(keys))
	for i, key := range keys {
		e, known := c.entries[key]
		problem := e.err
		if !known || !e.counts(now) {
			due, problem = append(due, key), otherwise
		}
		if values[i] = e.value; e.value == nothing && err == nil {
			err = problem
		}
	}
	return values, due, err
}

// counts reports whether the question need not be asked again.
func (e entry[V]) counts(now time.Time) bool {
	var nothing V
	keep := keepFound
	if e.value == nothing || e.err != nil {
		keep = keepMissing
	}
	age := now.Sub(time.Unix(e.since, 0))
	return 0 <= age && age < keep
}

// put remembers an answer, and forgets some other when there are too many. With an
// error the last value is kept.
func (c cache[K, V]) put(key K, value V, err error, now time.Time) {
	last, known := c.entries[key]
	if !known && len(c.entries) >= maxEntries {
		for other := range c.entries {
			delete(c.entries, other)
			break
		}
	}
	if err != nil {
		value = last.value
	}
	c.entries[key] = entry[V]{value, err, now.Unix()}
}
