package mail

import (
	"slices"
	"sync"
	"time"
)

// avoidFor is how long a server that failed comes after the others.
const avoidFor = time.Minute

// ranking remembers which servers failed of late. It may be used from several
// goroutines.
type ranking struct {
	now func() time.Time

	mu     sync.Mutex
	failed []time.Time // by server; zero: it works, as far as is known
}

func newRanking(servers int, now func() time.Time) *ranking {
	return &ranking{now: now, failed: make([]time.Time, servers)}
}

// order returns the numbers of the servers: those that did not fail of late, then
// those whose failure is longest ago.
func (r *ranking) order() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	numbers := make([]int, len(r.failed))
	for i, at := range r.failed {
		numbers[i] = i
		if ago := now.Sub(at); ago >= avoidFor || ago < 0 {
			r.failed[i] = time.Time{}
		}
	}
	slices.SortStableFunc(numbers, func(a, b int) int { return r.failed[a].Compare(r.failed[b]) })
	return numbers
}

// set notes whether a server works, and reports whether that is news.
func (r *ranking) set(number int, works bool) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news = r.failed[number].IsZero() != works
	r.failed[number] = time.Time{}
	if !works {
		r.failed[number] = r.now()
	}
	return news
}
