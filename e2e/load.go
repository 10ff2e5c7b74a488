//go:build unix

package e2e

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// batch is how many requests a client of a Load gives to one curl process.
const batch = 10

// A Load is a number of clients that send one request after the other until
// they are told to stop.
type Load struct {
	stop    chan struct{}
	once    sync.Once // closes stop
	clients sync.WaitGroup
	sent    atomic.Int64
	batches []atomic.Int64 // of each client, that were answered

	mu      sync.Mutex
	answers []Answer
	err     error
}

// StartLoad starts so many clients. Next makes a client's next request from
// the client's number and the number of its requests before; it is called
// concurrently for different clients. When the test ends early the clients stop
// before Squid does.
func (s *Squid) StartLoad(t testing.TB, clients int, next func(client, n int) Request) *Load {
	t.Helper()
	curl := Need(t, "curl")
	l := &Load{stop: make(chan struct{}), batches: make([]atomic.Int64, clients)}
	for client := range clients {
		l.clients.Go(func() { l.run(s, curl, client, next) })
	}
	t.Cleanup(l.halt)
	return l
}

// halt stops the clients and waits for them.
func (l *Load) halt() {
	l.once.Do(func() { close(l.stop) })
	l.clients.Wait()
}

func (l *Load) run(s *Squid, curl string, client int, next func(client, n int) Request) {
	for n := 0; ; n += batch {
		select {
		case <-l.stop:
			return
		default:
		}
		requests := make([]Request, batch)
		for i := range requests {
			requests[i] = next(client, n+i)
		}
		answers, err := s.runCurl(curl, requests)
		l.mu.Lock()
		l.answers = append(l.answers, answers...)
		l.err = errors.Join(l.err, err)
		l.mu.Unlock()
		l.sent.Add(int64(len(answers)))
		l.batches[client].Add(1)
	}
}

// Count returns how many answers came in until now.
func (l *Load) Count() int { return int(l.sent.Load()) }

// Turn returns what reports whether every client has had the answers to what it was
// asking when Turn was called.
func (l *Load) Turn() (isOver func() bool) {
	before := make([]int64, len(l.batches))
	for client := range l.batches {
		before[client] = l.batches[client].Load()
	}
	return func() bool {
		for client := range l.batches {
			if l.batches[client].Load() == before[client] {
				return false
			}
		}
		return true
	}
}

// Stop lets every client finish what it has begun and returns all answers.
func (l *Load) Stop(t testing.TB) []Answer {
	t.Helper()
	l.halt()
	if l.err != nil {
		t.Error(l.err)
	}
	return l.answers
}
