package main

import (
	"errors"
	"fmt"
	"time"
)

// idleProcesses is a busy proxy's "children" line.
const idleProcesses = 50

// idle measures the memory of many processes that wait for requests: when they have had none, and when each has answered
// one. Memory does not vary as times do, so each side is measured once.
func (b *bench) idle(sides [2]side) ([]series, error) {
	return alternately(1, kindIdle.measures(), sides, b.crowd)
}

// crowd returns the values in the order of kindIdle.measures.
func (b *bench) crowd(s side) ([]float64, error) {
	var crowd []*process
	defer func() {
		for _, p := range crowd {
			p.discard()
		}
	}()
	for range idleProcesses {
		p, err := b.start(s)
		if err != nil {
			return nil, err
		}
		crowd = append(crowd, p)
	}
	fresh, err := settledPSS(crowd)
	if err != nil {
		return nil, err
	}
	for _, p := range crowd {
		if err := once(p, s); err != nil {
			return nil, err
		}
	}
	used, err := settledPSS(crowd)
	if err != nil {
		return nil, err
	}
	for _, p := range crowd {
		err = errors.Join(err, p.finish())
	}
	return []float64{float64(fresh) / 1e6, float64(used) / 1e6}, err
}

// settledPSS waits until the processes have done with starting or answering: until they use no more CPU time.
func settledPSS(crowd []*process) (int64, error) {
	const (
		look     = 100 * time.Millisecond
		patience = 10 * time.Second
		quiet    = time.Millisecond // of CPU, for all: a Go program's background thread wakes up now and then
	)
	before := time.Duration(-1)
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(look) {
		var pids []int
		for _, p := range crowd {
			pids = append(pids, family(p.pid)...)
		}
		now, err := cpuTime(pids)
		if err != nil {
			return 0, err
		}
		if before >= 0 && now-before < quiet {
			return pss(pids)
		}
		before = now
	}
	return 0, fmt.Errorf("the processes are not idle after %s", patience)
}
