package netlogon

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"squidauth/ntlm/netlogon/locator"
)

const (
	refresh  = 10 * time.Minute // how long the DNS and the LDAP pings are believed
	lookTime = 10 * time.Second // for asking them
	patience = 2 * time.Second  // for asking them while a logon waits, if some are known
)

// directory knows the domain controllers. It may be used from several goroutines.
type directory struct {
	log      *slog.Logger
	locator  *locator.Locator // nil: they are given
	now      func() time.Time
	maxCalls int // to each

	looking chan struct{} // holds a token while somebody looks in the DNS

	mu     sync.Mutex
	known  map[string]*controller
	list   []*controller // the best ones first, when nothing speaks against them
	looked time.Time     // when the DNS was asked last
}

func newDirectory(c *Config) *directory {
	d := &directory{log: c.Log, now: c.Now, maxCalls: c.MaxCalls, looking: make(chan struct{}, 1), known: map[string]*controller{}}
	if len(c.Controllers) > 0 {
		d.adopt(c.Controllers)
		return d
	}
	d.locator = &locator.Locator{Realm: c.Realm, Resolver: c.Resolver, Dial: c.Dial, Log: c.Log}
	return d
}

// ranked returns the controllers, those to ask first in front.
func (d *directory) ranked(ctx context.Context) ([]*controller, error) {
	if err := d.look(ctx); err != nil {
		return nil, err
	}
	list := d.all()
	now := d.now()
	ranks := make(map[*controller]int, len(list))
	for _, c := range list {
		ranks[c] = c.rank(now)
	}
	slices.SortStableFunc(list, func(a, b *controller) int { return cmp.Compare(ranks[a], ranks[b]) })
	return list, nil
}

// all returns a copy of the list.
func (d *directory) all() []*controller {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.list)
}

// look looks for the controllers if it is time to. While nobody is known, all wait
// for that; else who comes first does while no known one can be used, and nobody
// while one can.
func (d *directory) look(ctx context.Context) error {
	if d.locator == nil {
		return nil
	}
	switch d.state() {
	case empty:
		return d.lookFirst(ctx)
	case useless:
		d.tryLook(func() {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			_ = d.find(ctx) // those known stay, and are tried
		})
	case old:
		go d.tryLook(func() {
			ctx, cancel := context.WithTimeout(context.Background(), lookTime)
			defer cancel()
			_ = d.find(ctx)
		})
	}
	return nil
}

func (d *directory) lookFirst(ctx context.Context) error {
	select {
	case d.looking <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.looking }()
	if d.state() != empty { // somebody else has looked
		return nil
	}
	return d.find(ctx)
}

// tryLook calls f unless somebody looks already.
func (d *directory) tryLook(f func()) {
	select {
	case d.looking <- struct{}{}:
		defer func() { <-d.looking }()
		f()
	default:
	}
}

func (d *directory) find(ctx context.Context) (err error) {
	defer func() {
		if recover() != nil {
			err = noteBug(d.log, "search for domain controllers")
		}
	}()
	hosts, err := d.locator.Find(ctx)
	if err != nil {
		hosts = nil
	}
	d.adopt(hosts)
	return err
}

// freshness is what to think of the list.
type freshness byte

const (
	empty   freshness = iota
	useless           // none of it can be used
	old
	fresh
)

func (d *directory) state() freshness {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	age := now.Sub(d.looked).Abs()
	usable := func(c *controller) bool { return c.rank(now) < rankFailed }
	switch {
	case len(d.list) == 0:
		return empty
	case age < firstAvoidance:
		return fresh
	case !slices.ContainsFunc(d.list, usable):
		return useless
	case age > refresh:
		return old
	}
	return fresh
}

// adopt makes hosts the list, unless there are none. Controllers known before keep
// what is known of them.
func (d *directory) adopt(hosts []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looked = d.now()
	if len(hosts) == 0 {
		return
	}
	known := make(map[string]*controller, len(hosts))
	d.list = d.list[:0:0]
	for _, host := range hosts {
		if known[host] != nil {
			continue
		}
		c := d.known[host]
		if c == nil {
			c = newController(host, d.maxCalls)
		}
		known[host] = c
		d.list = append(d.list, c)
	}
	for host, c := range d.known {
		if known[host] == nil {
			c.retire()
		}
	}
	d.known = known
}
