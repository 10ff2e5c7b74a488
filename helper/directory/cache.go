package directory

import "time"

// How long an answer counts. One that is older is still used while there is no
// better.
const (
	keepFound   = time.Hour
	keepMissing = 5 * time.Minute
)

// maxEntries bounds a cache: 3 MB of names of ordinary length.
const maxEntries = 20000

// cache remembers answers. The zero V says that there is nothing, which is an
// answer too.
type cache[K, V comparable] struct{ entries map[K]entry[V] }

type entry[V any] struct {
	value V
	since int64 // Unix seconds
}

func newCache[K, V comparable]() cache[K, V] { return cache[K, V]{make(map[K]entry[V])} }

// get returns the last answer, and whether it still counts.
func (c cache[K, V]) get(key K, now time.Time) (value V, fresh bool) {
	e, ok := c.entries[key]
	if !ok {
		return value, false
	}
	keep := keepFound
	if e.value == value { // the zero value
		keep = keepMissing
	}
	age := now.Sub(time.Unix(e.since, 0))
	return e.value, 0 <= age && age < keep
}

// put remembers an answer, and forgets some other when there are too many.
func (c cache[K, V]) put(key K, value V, now time.Time) {
	if _, known := c.entries[key]; !known && len(c.entries) >= maxEntries {
		for other := range c.entries {
			delete(c.entries, other)
			break
		}
	}
	c.entries[key] = entry[V]{value, now.Unix()}
}
