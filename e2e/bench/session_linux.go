package main

import (
	"errors"
	"fmt"
	"time"
)

// A limit ends a run: after n requests, or if n is 0 after a time, and in any case after most requests if that is not 0.
type limit struct {
	d    time.Duration
	n    int
	most int
}

func (l limit) reached(count int, elapsed time.Duration) bool {
	if l.most > 0 && count >= l.most {
		return true
	}
	if l.n > 0 {
		return count >= l.n
	}
	return elapsed >= l.d
}

// A session is a dialogue with one helper. run may be called several times, and goes on where it stopped.
type session interface {
	// run appends the latency of each reply to dst; elapsed is the time to the last of them.
	run(l limit, dst []time.Duration) (latencies []time.Duration, elapsed time.Duration, err error)

	// drain takes the replies that are still to come.
	drain() error
}

func newSession(p *process, requests []ready, inFlight int) session {
	next := cursor{requests: requests}
	if inFlight == 0 {
		return &lockstep{p: p, requests: next, epoch: time.Now()}
	}
	return &windowed{p: p, requests: next, size: inFlight, waiting: newInFlight(inFlight), epoch: time.Now()}
}

// lockstep sends a request when the one before is answered, without channel-IDs.
type lockstep struct {
	p        *process
	requests cursor
	epoch    time.Time
	last     []byte // the reply before, if a request may need it
}

var _ session = (*lockstep)(nil)

func (s *lockstep) run(l limit, dst []time.Duration) ([]time.Duration, time.Duration, error) {
	begin := time.Since(s.epoch)
	last := begin
	for count := 0; count == 0 || !l.reached(count, last-begin); count++ {
		r := s.requests.next()
		if r.answer != nil {
			r.line = append(r.answer(s.last), '\n')
			thought := time.Since(s.epoch) - last
			begin, last = begin+thought, last+thought
		}
		if err := s.exchange(r); err != nil {
			return dst, 0, err
		}
		now := time.Since(s.epoch)
		dst = append(dst, now-last)
		last = now
	}
	return dst, last - begin, nil
}

func (s *lockstep) exchange(r *ready) error {
	if err := s.p.write(r.line); err != nil {
		return err
	}
	reply, err := s.p.reply()
	if err != nil {
		return fmt.Errorf("request %s: %w", excerpt(r.line), err)
	}
	if err := r.check(reply); err != nil {
		return err
	}
	if s.requests.peek().answer != nil {
		s.last = append(s.last[:0], reply...)
	}
	if len(s.p.lines.used) > 0 {
		return fmt.Errorf("surplus output after the reply to %s: %s", excerpt(r.line), excerpt(s.p.lines.used))
	}
	return nil
}

// drain has nothing to take: a reply nobody asked for shows as a wrong one, or when the helper ends.
func (s *lockstep) drain() error { return nil }

// windowed keeps size requests with channel-IDs in flight. They stay in flight between two runs, so that a measurement
// that follows a warm-up sees the steady state.
type windowed struct {
	p        *process
	requests cursor
	size     int
	waiting  *inFlight
	out      []byte
	epoch    time.Time
}

var _ session = (*windowed)(nil)

func (s *windowed) run(l limit, dst []time.Duration) ([]time.Duration, time.Duration, error) {
	begin := time.Since(s.epoch)
	last := begin
	first := len(dst)
	for len(dst) == first || !l.reached(len(dst)-first, last-begin) {
		err := s.refill(last)
		if err == nil {
			dst, last, err = s.collect(dst)
		}
		if err != nil {
			return dst, 0, err
		}
	}
	return dst, last - begin, nil
}

// refill writes as many requests as there is room for, all at once.
func (s *windowed) refill(now time.Duration) error {
	s.out = s.out[:0]
	for s.waiting.outstanding() < s.size {
		s.out = s.waiting.send(s.out, s.requests.next(), now)
	}
	return s.stillWaiting(s.p.write(s.out))
}

// stillWaiting adds what was not answered to the reason why no more answers come.
func (s *windowed) stillWaiting(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, s.waiting.missing())
}

// collect waits for a reply and takes those that came with it.
func (s *windowed) collect(dst []time.Duration) ([]time.Duration, time.Duration, error) {
	line, err := s.p.reply()
	if err != nil {
		return dst, 0, s.stillWaiting(err)
	}
	now := time.Since(s.epoch)
	for more := true; more; line, more = s.p.lines.buffered() {
		answered, err := s.waiting.receive(line)
		if err != nil {
			return dst, 0, err
		}
		dst = append(dst, now-answered.at)
	}
	return dst, now, nil
}

func (s *windowed) drain() error {
	for s.waiting.outstanding() > 0 {
		if _, _, err := s.collect(nil); err != nil {
			return err
		}
	}
	return nil
}
