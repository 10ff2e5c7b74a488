package ldapconn

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// avoidFor is how long a server that failed comes after the others.
	avoidFor = time.Minute

	// believeFor is how long the DNS is believed, and lookAgain how long it is not
	// asked again while none of what it said works.
	believeFor = 10 * time.Minute
	lookAgain  = 10 * time.Second

	// lookTime bounds the search in the DNS when nobody waits for it.
	lookTime = 10 * time.Second
)

// roster is the servers of some Pools, and which of them failed of late. It may be
// used from several goroutines.
type roster struct {
	given []Server
	find  func(context.Context) ([]Server, error) // more of them; nil: there are no more
	now   func() time.Time

	looking chan struct{} // holds a token while somebody looks for more

	mu     sync.Mutex // guards what follows
	found  []Server
	looked time.Time
	failed map[Server]time.Time
}

func newRoster(opt *Options) *roster {
	return &roster{given: opt.Servers, find: opt.Find, now: opt.Now, looking: make(chan struct{}, 1), failed: make(map[Server]time.Time)}
}

// ranking returns the servers: those that did not fail of late, then those whose
// failure is longest ago. The error says why there are none.
func (r *roster) ranking(ctx context.Context) ([]Server, error) {
	if err := r.look(ctx); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for s, at := range r.failed {
		if ago := now.Sub(at); ago >= avoidFor || ago < 0 {
			delete(r.failed, s)
		}
	}
	ranked := slices.Concat(r.given, r.found)
	slices.SortStableFunc(ranked, func(a, b Server) int { return r.failed[a].Compare(r.failed[b]) })
	return ranked, nil
}

// setFailed notes that a server failed, setGood that it works.
func (r *roster) setFailed(s Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed[s] = r.now()
}

func (r *roster) setGood(s Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.failed, s)
}

// count returns how many servers are known.
func (r *roster) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.given) + len(r.found)
}

// isProtected reports whether TLS comes first with all that are known.
func (r *roster) isProtected() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(slices.Concat(r.given, r.found), func(s Server) bool { return !s.HasTLS() })
}

// hasNear reports whether a server is known on a host, or in the domain that the host is
// in as well.
func (r *roster) hasNear(host string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(slices.Concat(r.given, r.found), func(s Server) bool {
		_, domain, _ := strings.Cut(s.host, ".")
		_, err := netip.ParseAddr(s.host)
		return strings.EqualFold(host, s.host) || err != nil && strings.Contains(domain, ".") && isWithin(host, domain)
	})
}

// look looks for servers if it is time to: with the caller waiting while none is
// known, and besides it when those known are old, or fail.
func (r *roster) look(ctx context.Context) error {
	first, due := r.state()
	switch {
	case !due:
		return nil
	case !first:
		r.lookBesides()
		return nil
	}
	select {
	case r.looking <- struct{}{}:
	case <-ctx.Done():
		return errNoAnswer
	}
	defer func() { <-r.looking }()
	if _, due := r.state(); !due { // somebody else has looked
		return nil
	}
	return r.adopt(ctx)
}

func (r *roster) lookBesides() {
	select {
	case r.looking <- struct{}{}:
	default:
		return
	}
	go func() {
		defer func() { <-r.looking }()
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		_ = r.adopt(ctx) // those known remain
	}()
}

// state says whether no server is known at all, and whether it is time to look.
func (r *roster) state() (first, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.find == nil {
		return false, false
	}
	if len(r.given)+len(r.found) == 0 {
		return true, true
	}
	age := r.now().Sub(r.looked).Abs()
	works := slices.ContainsFunc(r.found, func(s Server) bool { return r.failed[s].IsZero() })
	return false, age >= believeFor || !works && age >= lookAgain
}

func (r *roster) adopt(ctx context.Context) error {
	found, err := r.find(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked = r.now()
	if err != nil {
		return err
	}
	r.found = found
	return nil
}
