package guard

import "sync"

// inFlight holds what this process asks the backend at the moment.
type inFlight struct {
	mu    sync.Mutex
	pairs map[tag]int
}

func (f *inFlight) has(pair tag) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pairs[pair] > 0
}

func (f *inFlight) add(pair tag, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pairs[pair] += n; f.pairs[pair] == 0 {
		delete(f.pairs, pair)
	}
}

// good holds the passwords that let users in last, of each name one. It is never
// written to a file.
type good struct {
	mu    sync.Mutex
	pairs map[tag]tag // by name
}

func (g *good) is(t tags) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	pair, there := g.pairs[t.name]
	return there && pair == t.pair
}

func (g *good) set(t tags) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, there := g.pairs[t.name]; !there && len(g.pairs) >= maxNames {
		for some := range g.pairs {
			delete(g.pairs, some)
			break
		}
	}
	g.pairs[t.name] = t.pair
}

func (g *good) unset(t tags) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pairs[t.name] == t.pair {
		delete(g.pairs, t.name)
	}
}
