package main

import "errors"

// What kindBusy has in flight, and how many requests all processes answer, so that each has done a share.
const (
	busyInFlight = 50
	busyRequests = 5_000
)

// busy measures the memory that it takes to have 50 requests in flight: of one process that can, or of as many as are needed.
// Each side is measured once.
func (b *bench) busy(sides [2]side) ([]series, error) {
	return alternately(1, kindBusy.measures(), sides, b.shift)
}

// shift returns the value of kindBusy.measures.
func (b *bench) shift(s side) ([]float64, error) {
	var crowd []*process
	defer func() {
		for _, p := range crowd {
			p.discard()
		}
	}()
	number := busyInFlight / max(1, s.inFlight)
	for range number {
		p, err := b.start(s)
		if err != nil {
			return nil, err
		}
		crowd = append(crowd, p)
		dialogue := newSession(p, s.requests, s.inFlight)
		if _, _, err := dialogue.run(limit{n: busyRequests / number}, b.latencies[:0]); err != nil {
			return nil, err
		}
		if err := dialogue.drain(); err != nil {
			return nil, err
		}
	}
	size, err := settledPSS(crowd)
	for _, p := range crowd {
		err = errors.Join(err, p.finish())
	}
	return []float64{float64(size) / 1e6}, err
}
