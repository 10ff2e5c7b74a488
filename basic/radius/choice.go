package radius

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"squidauth/basic"
)

// choose returns the endpoints to ask, the most promising first: those that did not
// fail of late in the order of the configuration, then the others. Lookups are waited
// for where no address is known: for as long as a head start lasts if there is another
// server, else until ctx is done.
func (b *Backend) choose(ctx context.Context) ([]*endpoint, *fault) {
	list, pending := b.known()
	if len(pending) > 0 {
		if len(list) > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, b.config.NextAfter)
			defer cancel()
		}
		wait(ctx, pending)
		list, _ = b.known()
	}
	if len(list) == 0 {
		return nil, b.noAddress()
	}
	list, f := unheld(list)
	if len(list) == 0 {
		return nil, f
	}
	return b.rank(list), nil
}

// unheld returns those that may be asked, or why none may.
func unheld(list []*endpoint) (free []*endpoint, f *fault) {
	for i, e := range list {
		switch why := e.isHeld(); {
		case why == nil && f != nil:
			free = append(free, e)
		case why != nil && f == nil:
			free, f = slices.Clone(list[:i]), why
		}
	}
	if f == nil {
		return list, nil
	}
	return free, f
}

// known returns all endpoints, and what servers without any wait for.
func (b *Backend) known() (list []*endpoint, pending []<-chan struct{}) {
	if len(b.servers) == 1 {
		list, looking := b.servers[0].known()
		if len(list) == 0 && looking != nil {
			pending = append(pending, looking)
		}
		return list, pending
	}
	for _, s := range b.servers {
		some, looking := s.known()
		if len(some) == 0 && looking != nil {
			pending = append(pending, looking)
		}
		list = append(list, some...)
	}
	return list, pending
}

func wait(ctx context.Context, all []<-chan struct{}) {
	for _, one := range all {
		select {
		case <-one:
		case <-ctx.Done():
			return
		}
	}
}

// rank sorts a list, which it copies.
func (b *Backend) rank(list []*endpoint) []*endpoint {
	if len(list) == 1 {
		return list
	}
	type ranked struct {
		endpoint *endpoint
		until    time.Time
	}
	now := time.Now()
	all := make([]ranked, len(list))
	for i, e := range list {
		all[i] = ranked{e, e.avoidedUntil(now, b.config.NextAfter)}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return a.until.Compare(b.until) })
	sorted := make([]*endpoint, len(all))
	for i, r := range all {
		sorted[i] = r.endpoint
	}
	return sorted
}

func (b *Backend) noAddress() *fault {
	var words []string
	for _, s := range b.servers {
		problem := cmp.Or(s.lookupProblem(), errLookupTime)
		words = append(words, fmt.Sprintf("no address of RADIUS server %s: %v", s, problem))
	}
	return &fault{reason: basic.Unavailable, cause: errors.New(strings.Join(words, "; "))}
}

var errLookupTime = errors.New("the name could not be looked up in time")
