package kdc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"squidauth/negotiate/kerberos/initiator"
)

const (
	// headStart is what a KDC has before the next is asked beside it.
	headStart = 300 * time.Millisecond
	// patience is how long one KDC is waited for.
	patience = 5 * time.Second
)

var errNoRecord = errors.New("there is no such record")

// Answer is what a KDC answered.
type Answer struct {
	Message []byte

	from *server
}

// Exchange sends a message to the KDCs of a realm and returns the first answer. It may
// reach several of them. One that does not answer at once, or says that it cannot, has
// the next asked beside it.
func (r *Realms) Exchange(ctx context.Context, realm string, message []byte) (Answer, error) {
	servers, err := r.servers(ctx, realm)
	if err != nil {
		return Answer{}, err
	}
	race := race{realms: r, message: message, waiting: servers, results: make(chan result, len(servers))}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer, failures := race.run(ctx)
	if answer.Message == nil {
		return Answer{}, fmt.Errorf("no KDC of realm %s answers: %s", realm, strings.Join(failures, "; "))
	}
	return answer, nil
}

// result is what came of asking one KDC.
type result struct {
	Answer
	err error
}

// race asks KDCs until one answers. It is used by one goroutine.
type race struct {
	realms  *Realms
	message []byte
	waiting []*server // not asked yet
	running []*server
	results chan result
}

func (c *race) run(ctx context.Context) (winner Answer, failures []string) {
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	c.start(ctx)
	for len(c.running) > 0 {
		select {
		case got := <-c.results:
			if got.err == nil {
				c.won(got.from)
				return got.Answer, nil
			}
			failures = append(failures, got.err.Error())
			c.lost(ctx, got.from)
		case <-timer.C:
		}
		if ctx.Err() == nil {
			c.start(ctx)
		}
		timer.Reset(headStart)
	}
	return Answer{}, failures
}

// start asks the next KDC.
func (c *race) start(ctx context.Context) {
	if len(c.waiting) == 0 {
		return
	}
	s := c.waiting[0]
	c.waiting, c.running = c.waiting[1:], append(c.running, s)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		answer, _, err := s.ask(ctx, c.message)
		if err == nil && initiator.IsUnavailable(answer) {
			err = fmt.Errorf("%s: it says that it cannot answer now", s.address)
		}
		c.results <- result{Answer{answer, s}, err}
	}()
}

// lost notes that a KDC failed, unless it is the request that has no more time.
func (c *race) lost(ctx context.Context, s *server) {
	c.remove(s)
	if ctx.Err() == nil {
		s.failed(c.realms.now())
	}
}

// won notes that a KDC answered, and that those who had a start on it have not.
func (c *race) won(s *server) {
	s.succeeded()
	for _, slow := range c.running {
		if slow == s {
			break
		}
		slow.failed(c.realms.now())
	}
}

func (c *race) remove(s *server) {
	for i, other := range c.running {
		if other == s {
			c.running = append(c.running[:i], c.running[i+1:]...)
			return
		}
	}
}

// ExchangeOnce sends a message that no two KDCs may get, since it holds a guess at a
// password which each of them would count: to the one that gave the answer before,
// and to another only if the first surely has not got all of it. sent reports, with
// an error, that one may have got it. It waits as long as ctx says.
func (r *Realms) ExchangeOnce(ctx context.Context, realm string, before Answer, message []byte) (answer Answer, sent bool, err error) {
	servers, err := r.servers(ctx, realm)
	if err != nil {
		return Answer{}, false, err
	}
	if before.from != nil {
		servers = append([]*server{before.from}, servers...)
	}
	for i, s := range servers {
		if i > 0 && s == before.from {
			continue
		}
		var got []byte
		if got, sent, err = s.ask(ctx, message); err == nil {
			s.succeeded()
			return Answer{got, s}, true, nil
		}
		s.failed(r.now())
		if sent || ctx.Err() != nil {
			break
		}
	}
	return Answer{}, sent, fmt.Errorf("the KDC of realm %s broke off: %w", realm, err)
}
