package try

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"squidauth/helper/printable"
	"squidauth/protocol"
)

// load has many clients log in, so many at once, and draws how far they are.
type load struct {
	logins, atOnce int
	patience       time.Duration // for one login
	peer           func() (peer, error)
	login          func() login
	bar            *bar
}

// run returns what became of all logins. It ends early if ctx does, or if a peer cannot be
// reached at all.
func (l *load) run(ctx context.Context) (summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := make(chan struct{})
	results := make(chan result)
	errs := make([]error, l.atOnce)
	var clients sync.WaitGroup
	for i := range l.atOnce {
		clients.Go(func() {
			if errs[i] = l.client(ctx, work, results); errs[i] != nil {
				cancel()
			}
		})
	}
	go func() {
		defer close(work)
		for range l.logins {
			select {
			case work <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		clients.Wait()
		close(results)
	}()
	began := time.Now()
	s := summary{outcomes: map[string]int{}}
	for r := range results {
		s.add(r)
		l.bar.draw(len(s.times), l.logins)
	}
	l.bar.end()
	s.took = time.Since(began)
	for _, err := range errs { // they all say the same
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// client is one of the clients.
func (l *load) client(ctx context.Context, work <-chan struct{}, results chan<- result) error {
	p, err := l.peer()
	if err != nil {
		return err
	}
	defer p.close()
	for range work {
		within, cancel := context.WithTimeout(ctx, l.patience)
		r := run(within, p, l.login(), nil)
		cancel()
		results <- r
		if r.err != nil { // the peer may be in the middle of something
			p.close()
			if p, err = l.peer(); err != nil {
				return err
			}
		}
	}
	return nil
}

// summary is what became of many logins.
type summary struct {
	times    []time.Duration
	outcomes map[string]int // by what was said
	accepted int
	took     time.Duration
}

func (s *summary) add(r result) {
	s.times = append(s.times, r.took)
	said := r.said
	if r.err != nil {
		said = r.err.Error()
	}
	if r.outcome == protocol.Accepted {
		s.accepted++
	}
	const kinds = 20 // that are told apart
	if _, known := s.outcomes[said]; !known && len(s.outcomes) >= kinds {
		said = "others"
	}
	s.outcomes[said]++
}

// quantile returns the time within which that part of the logins ended.
func (s *summary) quantile(part float64) time.Duration {
	if len(s.times) == 0 {
		return 0
	}
	slices.Sort(s.times)
	return s.times[min(int(part*float64(len(s.times))), len(s.times)-1)]
}

func (s *summary) write(w io.Writer) {
	fmt.Fprintf(w, "%d logins in %v, %.0f a second, %d let in\n", len(s.times), s.took.Round(time.Millisecond), float64(len(s.times))/s.took.Seconds(), s.accepted)
	fmt.Fprintf(w, "half within %v, 90%% within %v, 99%% within %v, all within %v\n", s.round(.5), s.round(.9), s.round(.99), s.round(1))
	for _, said := range slices.Sorted(maps.Keys(s.outcomes)) {
		fmt.Fprintf(w, "%6d  %s\n", s.outcomes[said], printable.Text(said))
	}
}

func (s *summary) round(part float64) time.Duration {
	return s.quantile(part).Round(10 * time.Microsecond)
}

// bar draws how far something is; a nil bar draws nothing.
type bar struct {
	out  io.Writer
	last time.Time
}

// width of the bar in characters.
const width = 40

func (b *bar) draw(n, of int) {
	if b == nil || n < of && time.Since(b.last) < 100*time.Millisecond {
		return
	}
	b.last = time.Now()
	full := n * width / of
	fmt.Fprintf(b.out, "\r[%s%s] %d/%d", strings.Repeat("#", full), strings.Repeat(" ", width-full), n, of)
}

func (b *bar) end() {
	if b != nil {
		fmt.Fprintln(b.out)
	}
}
