package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/identity"
)

// retryAfter is how long the servers are not asked after none of them worked.
const retryAfter = 10 * time.Second

var errBusy = errors.New("the directory has not answered earlier questions yet")

// ask puts a question to the servers when nobody else does. The error, which is not
// what a server answered, says why the question was not put, or not in full.
func (d *Directory) ask(ctx context.Context, question func() error) error {
	select {
	case d.asking <- struct{}{}:
		defer func() { <-d.asking }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return errBusy
	}
	if err := d.outage(); err != nil {
		return err
	}
	err := question()
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return err // nobody waits any more, which is not the directory's fault
	}
	if d.answeredFor(ctx) {
		d.conclude(nil)
	} else {
		d.conclude(err)
	}
	return err
}

// answeredFor reports whether a server answered since the login began that ctx is
// for. Such a server is slow, but works: what it did not answer in time is asked for
// at the next login. asking is held.
func (d *Directory) answeredFor(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && deadline.Sub(d.answered) <= identity.DirectoryWait
}

// outage returns why the servers are not to be asked now.
func (d *Directory) outage() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ago := d.opt.Now().Sub(d.asked); d.problem == nil || ago >= retryAfter || ago < 0 {
		return nil
	}
	return fmt.Errorf("%w; it is asked again in some seconds", d.problem)
}

// conclude remembers whether the servers work, and logs what is new.
func (d *Directory) conclude(err error) {
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

// isAnswer reports whether a server works, and has err against one question alone.
func isAnswer(err error) bool {
	return ldapconn.IsAnswer(err) || errors.Is(err, errNoBase) || errors.Is(err, errNoDomain)
}
