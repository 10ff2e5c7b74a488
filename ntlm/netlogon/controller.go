package netlogon

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// slow is how long a call may take before new ones rather go to another
	// domain controller.
	slow = time.Second

	// A domain controller that failed is asked after the others for a while that
	// doubles with each failure.
	firstAvoidance = 2 * time.Second
	lastAvoidance  = time.Minute

	// maxAge is how long a channel is used before it is set up anew, with a new
	// key and at the domain controller that is the best one then.
	maxAge = time.Hour
)

// controller is a domain controller: its channels, and how well it does.
type controller struct {
	host    string
	address string        // of its endpoint mapper
	calls   chan struct{} // holds a token per channel in use

	mu       sync.Mutex
	port     uint16     // of its Netlogon service; 0: to be asked for
	idle     []*channel // the last one used last
	began    map[*channel]time.Time
	failures int // one after the other
	avoid    time.Time
	refusal  refusal
	retired  bool // keeps no more channels
}

func newController(name string, maxCalls int) *controller {
	c := &controller{calls: make(chan struct{}, maxCalls), began: map[*channel]time.Time{}}
	c.address, c.host = endpointMapper(name)
	return c
}

// Ranks of controllers: the lower the better.
const (
	rankGood = iota
	rankBusy
	rankFailed
)

// rank says how promising it is to ask the controller.
func (c *controller) rank(now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.refusal.times > 0 && now.Before(c.refusal.until):
		return rankFailed
	case now.Before(c.avoid) && c.avoid.Sub(now) <= lastAvoidance:
		return rankFailed
	case len(c.calls) == cap(c.calls):
		return rankBusy
	}
	for _, began := range c.began {
		if now.Sub(began) > slow {
			return rankBusy
		}
	}
	return rankGood
}

// enter waits until one more channel may be used, and leave says that one is used no
// more.
func (c *controller) enter(ctx context.Context) error {
	select {
	case c.calls <- struct{}{}:
		return nil
	default:
	}
	select {
	case c.calls <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *controller) leave() { <-c.calls }

// ready returns a channel that can be used at once, or nil.
func (c *controller) ready(now time.Time) *channel {
	select {
	case c.calls <- struct{}{}:
	default:
		return nil
	}
	ch := c.take(now)
	if ch == nil {
		c.leave()
	}
	return ch
}

// take returns an idle channel that still stands, or nil. Others are closed. The
// caller has entered.
func (c *controller) take(now time.Time) *channel {
	for {
		ch := c.pop()
		if ch == nil || ch.fresh(now) && ch.conn.Alive() {
			return ch
		}
		ch.conn.Close()
	}
}

func (c *controller) pop() *channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.idle) - 1
	if last < 0 {
		return nil
	}
	ch := c.idle[last]
	c.idle = slices.Delete(c.idle, last, last+1)
	return ch
}

// put keeps a channel for the next call, and leaves.
func (c *controller) put(ch *channel) {
	defer c.leave()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.retired {
		ch.conn.Close()
		return
	}
	c.idle = append(c.idle, ch)
}

// drop closes a channel, and leaves.
func (c *controller) drop(ch *channel) {
	ch.conn.Close()
	c.leave()
}

// retire closes the channels that nobody uses, and the others once they are put
// back.
func (c *controller) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
	for _, ch := range c.idle {
		ch.conn.Close()
	}
	c.idle = nil
}

// begin notes that a call is under way on a channel, and end that it is over.
func (c *controller) begin(ch *channel, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.began[ch] = now
}

func (c *controller) end(ch *channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.began, ch)
}

// accepted notes that the controller accepts the machine account. That it failed is
// not forgotten: one may set channels up and hang at every logon. It reports whether
// that makes it usable again.
func (c *controller) accepted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	news := c.failures == 0 && c.refusal.times > 0
	c.refusal = refusal{}
	return news
}

// succeeded notes that the controller has answered a logon. It reports whether that
// is news.
func (c *controller) succeeded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	news := c.failures > 0 || c.refusal.times > 0
	c.failures, c.avoid, c.refusal = 0, time.Time{}, refusal{}
	return news
}

// failed notes that it does not. It reports whether that is news.
func (c *controller) failed(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	avoidance := lastAvoidance
	if c.failures < 5 {
		avoidance = firstAvoidance << c.failures
	}
	c.failures++
	c.avoid = now.Add(avoidance)
	return c.failures == 1
}

// refused notes that it refused the machine account. It reports whether that is
// news.
func (c *controller) refused(r refusal) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	news := c.refusal.times == 0 || c.refusal.secret != r.secret || c.refusal.status != r.status
	c.refusal = r
	return news
}

func (c *controller) lastRefusal() refusal {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refusal
}

func (c *controller) knownPort() uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.port
}

func (c *controller) learnPort(port uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.port = port
}
