package main

import (
	"slices"
	"time"
)

// rates measures round trips, each time with a new process, so that what a process happens to get (the layout of its
// memory, the CPU it wakes up on) averages out too.
func (b *bench) rates(sides [2]side) ([]series, error) {
	return alternately(b.opts.pairs, kindRate.measures(), sides, b.rate)
}

// rate returns the values in the order of kindRate.measures.
func (b *bench) rate(s side) ([]float64, error) {
	p, err := b.start(s)
	if err != nil {
		return nil, err
	}
	defer p.discard()
	dialogue := newSession(p, s.requests, s.inFlight)
	warm, long := b.warmUp(), b.opts.limit
	warm.most = s.most / 10
	warmed, _, err := dialogue.run(warm, b.latencies[:0])
	if err != nil {
		return nil, err
	}
	if s.most > 0 {
		long.most = s.most - len(warmed)
	}
	values, err := b.timed(dialogue, long, family(p.pid))
	if err != nil {
		return nil, err
	}
	if err := dialogue.drain(); err != nil {
		return nil, err
	}
	return values, p.finish()
}

// timed is the measurement itself.
func (b *bench) timed(dialogue session, l limit, pids []int) ([]float64, error) {
	before, err := cpuTime(pids)
	if err != nil {
		return nil, err
	}
	latencies, elapsed, err := dialogue.run(l, b.latencies[:0])
	if err != nil {
		return nil, err
	}
	after, err := cpuTime(pids)
	if err != nil {
		return nil, err
	}
	b.latencies = latencies
	slices.Sort(latencies)
	n := float64(len(latencies))
	return []float64{
		n / elapsed.Seconds(),
		micro(percentile(latencies, 50)),
		micro(percentile(latencies, 99)),
		milli(after-before) / n * 1000,
	}, nil
}

// warmUp is at least one request for each run: the C helper reads its file at the first.
func (b *bench) warmUp() limit {
	const share = 20
	return limit{d: b.opts.limit.d / share, n: b.opts.limit.n / share}
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func milli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
