package radius

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"squidauth/basic"
)

// ask has a server answer. The best is asked alone at first; when it fails, the next
// one is asked as well, and so on. With an answer, the attempt's link is to be put back
// when the answer has been read.
func (b *Backend) ask(ctx context.Context, q question) (*attempt, reply, *fault) {
	list, f := b.choose(ctx)
	if f != nil {
		return nil, reply{}, f
	}
	until := b.until(ctx)
	alone := len(list) == 1
	first := &attempt{backend: b, endpoint: list[0], question: q}
	r, ok := first.run(ctx, until, func() bool { return alone })
	switch {
	case ok:
		return b.settle(first, r)
	case alone || ctx.Err() != nil:
		first.close()
		return nil, reply{}, first.fault()
	}
	return (&race{backend: b, question: q, until: until, rest: list[1:]}).run(ctx, first)
}

// until returns how long servers are asked.
func (b *Backend) until(ctx context.Context) time.Time {
	until := time.Now().Add(b.config.Wait)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(until) {
		return deadline
	}
	return until
}

// settle decides whether the answer that came first counts.
func (b *Backend) settle(a *attempt, r reply) (*attempt, reply, *fault) {
	if f := b.distrust(a.endpoint, r); f != nil {
		a.close()
		a.endpoint.failed(b.config.Log, f.cause)
		a.endpoint.hold(f)
		return nil, reply{}, f
	}
	a.endpoint.answered(b.config.Log, r.signed)
	return a, r, nil
}

// distrust says what is wrong with an answer that is not signed.
func (b *Backend) distrust(e *endpoint, r reply) *fault {
	const isOpen = "whoever is between it and this proxy could log in as anybody (CVE-2024-3596)"
	switch {
	case r.signed:
		return nil
	case !b.config.PermitUnsigned:
		return &fault{reason: Unsigned, cause: fmt.Errorf("RADIUS server %s does not sign its answers with Message-Authenticator, so that %s: "+
			"update it or have it send that; --permit-unsigned accepts its answers as they are", e, isOpen)}
	case e.hasSigned():
		return &fault{reason: Unsigned, cause: fmt.Errorf("RADIUS server %s has signed its answers until now and does so no more, so that %s: "+
			"if it was replaced by an older one, restart the helper (squid -k reconfigure)", e, isOpen)}
	}
	return nil
}

// race is a login whose first server has failed.
type race struct {
	backend  *Backend
	question question
	until    time.Time
	rest     []*endpoint // that were not asked yet

	results  chan result   // one per attempt
	stumbled chan struct{} // one per attempt whose server failed as well
	running  int
	faults   []*fault
}

// result is how an attempt ended.
type result struct {
	attempt *attempt
	reply   reply
	ok      bool
}

// run goes on with the first attempt, and begins the others.
func (r *race) run(ctx context.Context, first *attempt) (*attempt, reply, *fault) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	most := 1 + len(r.rest)
	r.results, r.stumbled = make(chan result, most), make(chan struct{}, most)
	r.start(ctx, first)
	r.startNext(ctx)
	for r.running > 0 {
		select {
		case <-r.stumbled:
			r.startNext(ctx)
		case end := <-r.results:
			r.running--
			if end.ok {
				go keepLate(r.results, r.running)
				return r.backend.settle(end.attempt, end.reply)
			}
			r.faults = append(r.faults, end.attempt.fault())
			end.attempt.close()
		}
	}
	return nil, reply{}, r.verdict()
}

func (r *race) startNext(ctx context.Context) {
	if len(r.rest) > 0 {
		r.start(ctx, &attempt{backend: r.backend, endpoint: r.rest[0], question: r.question})
		r.rest = r.rest[1:]
	}
}

func (r *race) start(ctx context.Context, a *attempt) {
	r.running++
	go func() {
		answer, ok := a.run(ctx, r.until, func() bool {
			r.stumbled <- struct{}{}
			return true
		})
		r.results <- result{a, answer, ok}
	}()
}

// keepLate frees the links of those that did not win.
func keepLate(results <-chan result, n int) {
	for range n {
		end := <-results
		if end.ok {
			end.attempt.endpoint.put(end.attempt.link)
		} else {
			end.attempt.close()
		}
	}
}

// verdict makes one fault of all. The reason is the first that somebody can mend here.
func (r *race) verdict() *fault {
	reason := basic.Unavailable
	unanswered := false
	words := make([]string, len(r.faults))
	for i, f := range r.faults {
		words[i] = f.cause.Error()
		unanswered = unanswered || f.unanswered
		if reason == basic.Unavailable {
			reason = f.reason
		}
	}
	return &fault{reason, errors.New(strings.Join(words, "; ")), unanswered}
}
