package netlogon

import (
	"context"
	"errors"
	"time"

	"squidauth/ntlm"
)

// headStart is how long a better controller has, before the next one is asked for a
// channel, too.
const headStart = 300 * time.Millisecond

var (
	errSlower = errors.New("another domain controller was quicker")
	errBusy   = errors.New("as many logons as it may have are on their way to it")
)

// channel returns a channel to use, an idle one or a new one, which is to be put
// back or dropped. Controllers are asked in the order of their ranks, each with a
// head start before the next; the first to have one wins.
func (v *Verifier) channel(ctx context.Context) (*channel, *fault) {
	list, err := v.directory.ranked(ctx)
	if err != nil {
		return nil, faultf(ntlm.NoDomainController, err, "no domain controller is known")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errSlower)
	r := race{v: v, ctx: ctx, list: list, results: make(chan opened, len(list))}
	return r.run()
}

// opened is what became of the attempt to get a channel.
type opened struct {
	channel *channel
	fault   *fault
}

// race is one search for a channel.
type race struct {
	v       *Verifier
	ctx     context.Context
	list    []*controller
	results chan opened // one per controller that was asked
	asked   int
	faults  []*fault
}

func (r *race) run() (*channel, *fault) {
	if ch := r.list[0].ready(r.v.config.Now()); ch != nil {
		return ch, nil
	}
	r.ask()
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	for {
		select {
		case o := <-r.results:
			if o.fault == nil {
				go keepLate(r.results, r.asked-len(r.faults)-1)
				return o.channel, nil
			}
			r.faults = append(r.faults, o.fault)
			r.ask()
			if len(r.faults) == r.asked {
				return nil, r.worst()
			}
		case <-timer.C:
			r.ask()
			timer.Reset(headStart)
		}
	}
}

// ask asks the next controller, if there is one and time for it.
func (r *race) ask() {
	if r.asked == len(r.list) || r.asked > 0 && r.ctx.Err() != nil {
		return
	}
	c := r.list[r.asked]
	r.asked++
	go func() { r.results <- r.v.open(r.ctx, c) }()
}

// keepLate keeps the channels of those that did not win, for the next call.
func keepLate(results <-chan opened, n int) {
	for range n {
		if o := <-results; o.channel != nil {
			o.channel.controller.put(o.channel)
		}
	}
}

// worst returns the fault that the operator should know first.
func (r *race) worst() *fault {
	for _, f := range r.faults {
		if f.reason != ntlm.NoDomainController {
			return f
		}
	}
	return r.faults[0]
}

// open returns a channel to a controller, and notes how that went.
func (v *Verifier) open(ctx context.Context, c *controller) opened {
	if c.enter(ctx) != nil {
		return opened{fault: faultf(ntlm.Saturated, errBusy, "domain controller %s has not answered in time", c.host)}
	}
	if ch := c.take(v.config.Now()); ch != nil {
		return opened{channel: ch}
	}
	began := v.config.Now()
	ch, f := v.build(ctx, c)
	if f != nil {
		c.leave()
		v.noteFault(ctx, c, f, v.config.Now().Sub(began))
		return opened{fault: f}
	}
	if c.accepted() {
		v.config.Log.Info(usableAgain, "controller", c.host)
	}
	v.config.Log.Debug("secure channel set up", "controller", c.host)
	return opened{channel: ch}
}

// build has the builder set a channel up. What the controller sends is not protected
// yet; no answer may end the program, or keep the place that the caller has entered.
func (v *Verifier) build(ctx context.Context, c *controller) (ch *channel, f *fault) {
	defer func() {
		if recover() != nil {
			ch, f = nil, unreachable(c.host, noteBug(v.config.Log, "channel to "+c.host))
		}
	}()
	return v.builder.build(ctx, c)
}

// noteFault notes why there is no channel, if it is the controller's fault. One that
// lost the race is to blame if it had had its own head start. Refusals of the machine
// account are noted elsewhere.
func (v *Verifier) noteFault(ctx context.Context, c *controller, f *fault, took time.Duration) {
	slower := context.Cause(ctx) == errSlower && took >= headStart
	gaveUp := ctx.Err() == context.Canceled && !slower
	if !gaveUp && f.reason != ntlm.MachineAccount && f.reason != NoSecret {
		v.failed(c, f)
	}
}
