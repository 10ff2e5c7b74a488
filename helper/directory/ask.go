package directory

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var errBusy = errors.New("the directory has not answered earlier questions yet")

// ask puts questions to the servers, in a part of the time that ctx leaves. After a
// failure it does not ask for a while, and returns what the failure was.
func (d *Directory) ask(ctx context.Context, questions func(context.Context) error) error {
	within, cancel := slice(ctx)
	defer cancel()
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-within.Done():
		return errBusy
	}
	if err := d.resting(); err != nil {
		return err
	}
	err := questions(within)
	if err != nil && ctx.Err() != nil {
		return err // nobody waits any more, which is not the directory's fault
	}
	d.judge(err)
	return err
}

// slice returns a context for the directory's part of a login. A login may take
// several, and still has time for an answer.
func slice(ctx context.Context) (context.Context, context.CancelFunc) {
	part := patience
	if deadline, ok := ctx.Deadline(); ok {
		part = min(part, time.Until(deadline)/4)
	}
	return context.WithTimeout(ctx, part)
}

// resting returns why the servers are not to be asked now.
func (d *Directory) resting() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ago := d.opt.Now().Sub(d.asked); d.problem == nil || ago >= rest || ago < 0 {
		return nil
	}
	return fmt.Errorf("%w; it is asked again in some seconds", d.problem)
}

// judge remembers how it went, and logs what is new.
func (d *Directory) judge(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.problem
	d.problem, d.asked = err, d.opt.Now()
	switch {
	case err == nil && before != nil:
		d.opt.Log.Info("the directory answers again")
	case err != nil && (before == nil || before.Error() != err.Error()):
		d.opt.Log.Warn("the directory cannot be asked for groups", "problem", err.Error(),
			"consequence", "only groups that are known from before have names")
	}
}
