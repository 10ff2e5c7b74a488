package guard

import "sync"

// inFlight holds what this process is busy with: each pair is one goroutine's.
type inFlight struct {
	mu    sync.Mutex
	pairs map[tag]bool
}

// claim reports false if another goroutine has the pair.
func (f *inFlight) claim(pair tag) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pairs[pair] {
		return false
	}
	f.pairs[pair] = true
	return true
}

func (f *inFlight) release(pair tag) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pairs, pair)
}

// good holds the passwords that let users in last, of each one. It is never
// written to a file.
type good struct {
	mu    sync.Mutex
	pairs map[tag]tag // by user
}

func (g *good) is(t tags) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	pair, there := g.pairs[t.user]
	return there && pair == t.pair
}

func (g *good) set(t tags) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, there := g.pairs[t.user]; !there && len(g.pairs) >= maxNames {
		for some := range g.pairs {
			delete(g.pairs, some)
			break
		}
	}
	g.pairs[t.user] = t.pair
}

func (g *good) unset(t tags) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pairs[t.user] == t.pair {
		delete(g.pairs, t.user)
	}
}
