package main

import "time"

// starts measures the time from fork to the first reply, which is what a client waits for when Squid has to start another
// helper for it.
func (b *bench) starts(sides [2]side) ([]series, error) {
	return alternately(b.opts.starts, kindStart.measures(), sides, func(s side) ([]float64, error) {
		d, err := b.firstReply(s)
		return []float64{milli(d)}, err
	})
}

// loads takes the start with the small file off that with the case's own; both are taken one right after the other.
func (b *bench) loads(c testCase, sides [2]side) ([]series, error) {
	small, err := b.write("passwd.small", c.small)
	if err != nil {
		return nil, err
	}
	base, err := b.sides(c, small, "")
	if err != nil {
		return nil, err
	}
	sides[0].small, sides[1].small = &base[0], &base[1]
	return alternately(b.opts.starts, kindLoad.measures(), sides, func(s side) ([]float64, error) {
		without, err := b.firstReply(*s.small)
		if err != nil {
			return nil, err
		}
		with, err := b.firstReply(s)
		return []float64{milli(with - without)}, err
	})
}

func (b *bench) firstReply(s side) (time.Duration, error) {
	begin := time.Now()
	p, err := b.start(s)
	if err != nil {
		return 0, err
	}
	defer p.discard()
	if err := once(p, s); err != nil {
		return 0, err
	}
	d := time.Since(begin)
	return d, p.finish()
}

// once sends the first request and takes its reply.
func once(p *process, s side) error {
	_, _, err := newSession(p, s.requests, min(s.inFlight, 1)).run(limit{n: 1}, nil)
	return err
}
