package radius

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"squidauth/basic"
)

// How a request is repeated (RFC 5080 section 2.2.1, with shorter times: a person
// waits).
const (
	firstPause = time.Second     // before it is sent again; each further one is longer by as much
	lastPause  = 3 * time.Second // or a server that is back would not be noticed soon
	jitter     = 10              // per cent by which a pause is shorter or longer

	// maxRefusals is how often a closed port is tried: for as long as it takes to
	// start a server again, but no longer.
	maxRefusals = 3
)

// attempt is one request on its way to one endpoint. One goroutine may use it at a
// time.
type attempt struct {
	backend  *Backend
	endpoint *endpoint
	question question

	link    *link // nil: none yet
	began   time.Time
	next    time.Time // when the request is due to be sent
	sent    int
	refused int
	blamed  bool // the endpoint had its head start, or was refused

	// What went wrong last, if anything did.
	secretError  error
	networkError error
	oddity       error // of a datagram that seemed to be the answer
}

// open prepares the request, and reports whether that was possible.
func (a *attempt) open(ctx context.Context) bool {
	secret, err := a.endpoint.server.Secret.Current(ctx)
	if err != nil {
		a.secretError = err
		return false
	}
	c := &a.backend.config
	l, err := a.endpoint.take(ctx, c)
	if err != nil {
		a.networkError = err
		return false
	}
	if err := l.prepare(a.question, &c.NAS, secret, c.Rand); err != nil {
		l.close()
		a.networkError = err
		return false
	}
	a.link = l
	a.began = time.Now()
	a.next = a.began
	return true
}

// run asks until there is an answer, until a time, or until ctx is done, and reports
// whether there is one. Then the link is to be put back, otherwise it is to be closed.
// blamed is called, once, when the server has had its head start, or the network refused
// the request; if that returns false, run ends, and may be called again to go on.
func (a *attempt) run(ctx context.Context, until time.Time, blamed func() bool) (reply, bool) {
	if a.link == nil && !a.open(ctx) {
		if a.blame() {
			blamed()
		}
		return reply{}, false
	}
	defer context.AfterFunc(ctx, a.link.interrupt)()
	for a.refused < maxRefusals && ctx.Err() == nil {
		now := time.Now()
		if !now.Before(until) {
			break
		}
		r, err := a.step(ctx, now, until)
		if err == nil {
			return r, true
		}
		if a.blame() && !blamed() {
			break
		}
	}
	return reply{}, false
}

// step sends the request if it is due, and waits for a datagram until something else
// is. An error is no answer yet.
func (a *attempt) step(ctx context.Context, now, until time.Time) (reply, error) {
	var r reply
	var err error
	if !now.Before(a.next) {
		a.sent++
		a.next = now.Add(a.backend.pause(a.sent))
		err = a.link.send()
	}
	if err == nil {
		r, err = a.link.receive(ctx, a.wake(until))
	}
	switch {
	case err == nil, errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errStray):
	case errors.Is(err, errForged), errors.Is(err, errMalformed):
		a.oddity = err
	default:
		a.refused++
		a.networkError = err
	}
	return r, err
}

// wake returns when something is to be done although no datagram came.
func (a *attempt) wake(until time.Time) time.Time {
	wake := a.next
	if head := a.headStart(); !a.blamed && head.Before(wake) {
		wake = head
	}
	if until.Before(wake) {
		wake = until
	}
	return wake
}

// headStart returns until when the server has it.
func (a *attempt) headStart() time.Time { return a.began.Add(a.backend.config.NextAfter) }

// blame notes that the endpoint failed, if it is time to. It reports whether that is
// news.
func (a *attempt) blame() bool {
	if a.blamed || a.link != nil && a.refused == 0 && time.Now().Before(a.headStart()) {
		return false
	}
	a.blamed = true
	a.endpoint.failed(a.backend.config.Log, a.fault().cause)
	return true
}

// close gives the link up, with what may come for it.
func (a *attempt) close() {
	if a.link != nil {
		a.link.close()
	}
}

// fault says why there is no answer, as far as is known.
func (a *attempt) fault() *fault {
	f := &fault{reason: basic.Unavailable, unanswered: a.sent > a.refused}
	switch server := a.endpoint; {
	case a.secretError != nil:
		f.reason = NoSecret
		f.cause = fmt.Errorf("the shared secret of RADIUS server %s is not to be had: %w", server, a.secretError)
	case errors.Is(a.oddity, errForged):
		f.reason = WrongSecret
		f.cause = fmt.Errorf("RADIUS server %s answers with another shared secret than this helper has, or somebody forges its answers", server)
	case a.oddity != nil:
		f.cause = fmt.Errorf("RADIUS server %s sends answers that are %w", server, a.oddity)
	case a.networkError != nil:
		f.cause = fmt.Errorf("RADIUS server %s cannot be reached: %w: does it run, and listen there?", server, a.networkError)
	default:
		f.cause = fmt.Errorf("RADIUS server %s has not answered, asked %d times in %.1fs: "+
			"does it run, does it know this proxy (%s) as a client, has it the same shared secret?",
			server, a.sent, time.Since(a.began).Seconds(), a.link.local)
	}
	return f
}

// fault is why a login is undecided.
type fault struct {
	reason     basic.Reason
	cause      error
	unanswered bool // the server may have the password
}

func (f *fault) verdict() basic.Verdict {
	if f.unanswered {
		return basic.Unanswered(f.reason, f.cause)
	}
	return basic.Undecided(f.reason, f.cause)
}
