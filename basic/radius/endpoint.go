package radius

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// A server that failed is asked after the others for a while that doubles with
	// each failure.
	firstAvoidance = 2 * time.Second
	lastAvoidance  = time.Minute

	// maxIdle is how many links are kept that nobody uses. More were needed only
	// while a server was slow.
	maxIdle = 64

	// warnEvery is how often at most it is logged that a server does not sign.
	warnEvery = time.Hour
)

// endpoint is one address of a server: its links, and how well it does. It may be used
// from several goroutines.
type endpoint struct {
	server  *server
	address netip.AddrPort

	held atomic.Pointer[hold] // nil: it may be asked

	mu       sync.Mutex
	idle     []*link // the one used last is the last; each has had its answer
	failures int     // one after the other
	failedAt time.Time
	avoid    time.Time
	signs    bool // it has signed an answer
	warned   time.Time
	retired  bool // keeps no more links
}

// take returns a link that nobody else uses.
func (e *endpoint) take(ctx context.Context, c *Config) (*link, error) {
	if l := e.pop(); l != nil {
		return l, nil
	}
	conn, err := c.Dial(ctx, "udp", e.address.String())
	if err != nil {
		return nil, err
	}
	return newLink(conn, c.Rand)
}

func (e *endpoint) pop() *link {
	e.mu.Lock()
	defer e.mu.Unlock()
	last := len(e.idle) - 1
	if last < 0 {
		return nil
	}
	l := e.idle[last]
	e.idle = slices.Delete(e.idle, last, last+1)
	return l
}

// put keeps a link whose request was answered.
func (e *endpoint) put(l *link) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.retired || len(e.idle) >= maxIdle {
		l.close()
		return
	}
	e.idle = append(e.idle, l)
}

// hold is for how long an endpoint is not asked at all, and what is said in its place.
type hold struct {
	until time.Time
	fault *fault
}

// hold keeps logins from an endpoint whose answers do not count: it would count wrong
// passwords, and Squid asks three times at once.
func (e *endpoint) hold(f *fault) {
	e.held.Store(&hold{until: time.Now().Add(firstAvoidance), fault: f})
}

// isHeld returns why the endpoint is not to be asked; nil: it is.
func (e *endpoint) isHeld() *fault {
	h := e.held.Load()
	if h == nil {
		return nil
	}
	if left := time.Until(h.until); left <= 0 || left > firstAvoidance { // or the clock was set back
		e.held.CompareAndSwap(h, nil)
		return nil
	}
	return h.fault
}

// retire closes the links that nobody uses, and the others once they are put back.
func (e *endpoint) retire() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.retired = true
	e.closeIdle()
}

func (e *endpoint) closeIdle() {
	for _, l := range e.idle {
		l.close()
	}
	e.idle = nil
}

// avoidedUntil returns when the endpoint is to be asked like one that never failed;
// the zero time: now. Of those who ask when that time has come, one alone tries: for
// the others it is put off.
func (e *endpoint) avoidedUntil(now time.Time, putOff time.Duration) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch left := e.avoid.Sub(now); {
	case e.failures == 0:
		return time.Time{}
	case left <= 0 || left > lastAvoidance: // or the clock was set back
		e.avoid = now.Add(putOff)
		return time.Time{}
	}
	return e.avoid
}

// failed notes that the endpoint did not answer, or refused to. What many logins see
// at the same time is one failure. Its other links may be of an address that this
// machine no longer has: they are closed.
func (e *endpoint) failed(log *slog.Logger, problem error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if ago := now.Sub(e.failedAt); e.failures > 0 && ago >= 0 && ago < firstAvoidance {
		return
	}
	e.failedAt = now
	avoidance := lastAvoidance
	if e.failures < 5 {
		avoidance = firstAvoidance << e.failures
	}
	e.failures++
	e.avoid = now.Add(avoidance)
	e.closeIdle()
	if e.failures == 1 {
		log.Warn("RADIUS server fails", "server", e.String(), "problem", problem)
	}
}

// answered notes an answer that counts.
func (e *endpoint) answered(log *slog.Logger, signed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failures > 0 {
		e.failures = 0
		log.Info("RADIUS server answers again", "server", e.String())
	}
	e.signs = e.signs || signed
	if now := time.Now(); !signed && (e.warned.IsZero() || now.Sub(e.warned) >= warnEvery) {
		e.warned = now
		log.Warn("RADIUS server does not sign its answers: whoever is between it and this proxy can log in as anybody (CVE-2024-3596)",
			"server", e.String(), "cure", "update the server or have it send Message-Authenticator, then refuse unsigned answers: --permit-unsigned=false")
	}
}

// hasSigned reports whether it has signed an answer.
func (e *endpoint) hasSigned() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.signs
}

// String names the endpoint by its server, and its address if that is not the same.
func (e *endpoint) String() string {
	name := e.server.String()
	if address := e.address.String(); name != address {
		name += " (" + address + ")"
	}
	return name
}
