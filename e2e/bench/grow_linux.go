package main

// How many requests a process has answered when its memory is looked at.
const (
	warmRequests  = 10_000
	grownRequests = 200_000
)

// growth measures whether a process grows with what it has answered. Each side is measured once.
func (b *bench) growth(sides [2]side) ([]series, error) {
	return alternately(1, kindGrow.measures(), sides, b.grow)
}

// grow returns the values in the order of kindGrow.measures.
func (b *bench) grow(s side) ([]float64, error) {
	p, err := b.start(s)
	if err != nil {
		return nil, err
	}
	defer p.discard()
	dialogue := newSession(p, s.requests, s.inFlight)
	var values []float64
	answered := 0
	for _, n := range []int{warmRequests, grownRequests} {
		if _, _, err := dialogue.run(limit{n: n - answered}, b.latencies[:0]); err != nil {
			return nil, err
		}
		answered = n
		size, err := settledPSS([]*process{p})
		if err != nil {
			return nil, err
		}
		values = append(values, float64(size)/1e6)
	}
	if err := dialogue.drain(); err != nil {
		return nil, err
	}
	return values, p.finish()
}
