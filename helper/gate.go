package helper

import "sync"

// gate counts the requests in flight and can be shut. The zero gate is open.
type gate struct {
	mu     sync.Mutex
	inside int
	total  int           // who ever went in
	empty  chan struct{} // made when the gate is shut, closed when nobody is inside
}

// enter lets a request in. It returns false once the gate is shut.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty != nil {
		return false
	}
	g.inside++
	g.total++
	return true
}

// quiet reports that nobody is inside, and how many ever were.
func (g *gate) quiet() (empty bool, total int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside == 0, g.total
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.empty != nil {
		close(g.empty)
	}
}

// shut lets nobody in any more and waits for those inside. It is called once.
func (g *gate) shut() {
	g.mu.Lock()
	g.empty = make(chan struct{})
	if g.inside == 0 {
		close(g.empty)
	}
	g.mu.Unlock()
	<-g.empty
}
