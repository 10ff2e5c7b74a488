package negotiate

import (
	"sync"
	"time"

	"squidauth/helper/doctor"
	"squidauth/negotiate/rcache"
)

// LazyCache is a replay cache that is opened when it is first needed, and tried
// again as long as it cannot be: a folder that is not there yet must not end the
// helper. It may be used from several goroutines.
type LazyCache struct {
	Open func() (rcache.Cache, error)

	// Look examines what Open would open; nil: that cannot be done.
	Look func(*doctor.Report)

	mu    sync.Mutex
	cache rcache.Cache
}

var _ rcache.Cache = (*LazyCache)(nil)

// Seen implements rcache.Cache.
func (l *LazyCache) Seen(tag []byte, now time.Time) (bool, error) {
	cache, err := l.get()
	if err != nil {
		return true, err
	}
	return cache.Seen(tag, now)
}

func (l *LazyCache) get() (rcache.Cache, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cache != nil {
		return l.cache, nil
	}
	cache, err := l.Open()
	if err != nil {
		return nil, err
	}
	l.cache = cache
	return cache, nil
}
