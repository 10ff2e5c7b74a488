package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// A request is one line to send and what must come back.
type request struct {
	line    string // without channel-ID and newline
	code    string // first word of the reply: OK, ERR, BH, TT, …
	pattern string // regular expression for the whole reply; empty: the code suffices

	// answer makes the line of the reply to the request before, in place of line; nil: the line is always the same. What
	// that takes is no part of the measurement. Not with channel-IDs.
	answer func(reply []byte) []byte
}

// A ready request is made for sending many times.
type ready struct {
	line     []byte
	code     []byte
	pattern  *regexp.Regexp // nil when the code suffices
	accepted []byte         // the last reply that matched pattern: comparing with it costs less than matching
	answer   func(reply []byte) []byte
}

func prepare(requests []request) ([]ready, error) {
	prepared := make([]ready, len(requests))
	for i, r := range requests {
		prepared[i] = ready{line: []byte(r.line + "\n"), code: []byte(r.code), answer: r.answer}
		if r.pattern == "" {
			continue
		}
		pattern, err := regexp.Compile(r.pattern)
		if err != nil {
			return nil, fmt.Errorf("request %q: %w", r.line, err)
		}
		prepared[i].pattern = pattern
	}
	return prepared, nil
}

// check takes the reply without channel-ID and newline.
func (r *ready) check(reply []byte) error {
	rest, found := bytes.CutPrefix(reply, r.code)
	if !found || len(rest) > 0 && rest[0] != ' ' {
		return fmt.Errorf("wrong reply %s to %s: want %s", excerpt(reply), excerpt(r.line), r.code)
	}
	if r.pattern == nil || r.accepted != nil && bytes.Equal(reply, r.accepted) {
		return nil
	}
	if !r.pattern.Match(reply) {
		return fmt.Errorf("wrong reply %s to %s: want a match of %q", excerpt(reply), excerpt(r.line), r.pattern)
	}
	r.accepted = append(r.accepted[:0], reply...)
	return nil
}

// excerpt quotes a line for an error message; tokens may be thousands of bytes long.
func excerpt(line []byte) string {
	const most = 100
	line = bytes.TrimSuffix(line, []byte("\n"))
	if len(line) > most {
		return fmt.Sprintf("%q… (%d bytes)", line[:most], len(line))
	}
	return strconv.Quote(string(line))
}

// A cursor deals the requests out in turn for ever, across warm-up and measurement: stateful helpers need their order.
type cursor struct {
	requests []ready
	at       int
}

func (c *cursor) next() *ready {
	r := &c.requests[c.at]
	c.at = (c.at + 1) % len(c.requests)
	return r
}

// peek returns the request that is dealt next.
func (c *cursor) peek() *ready { return &c.requests[c.at] }

// An inFlight set knows the requests sent under a channel-ID and not answered yet. The next ID is one more than the one
// before, from 1, as Squid 4 and later count.
type inFlight struct {
	last    uint64
	pending map[uint64]sent
}

type sent struct {
	request *ready
	at      time.Duration
}

func newInFlight(size int) *inFlight {
	return &inFlight{pending: make(map[uint64]sent, size)}
}

func (f *inFlight) outstanding() int { return len(f.pending) }

// send appends the line to write, with a new ID, and remembers it.
func (f *inFlight) send(dst []byte, r *ready, at time.Duration) []byte {
	f.last++
	f.pending[f.last] = sent{r, at}
	dst = strconv.AppendUint(dst, f.last, 10)
	dst = append(dst, ' ')
	return append(dst, r.line...)
}

// receive finds the request a reply line belongs to, in whatever order they come, and checks it. The request is then no
// longer outstanding: a second reply to it is an error.
func (f *inFlight) receive(line []byte) (sent, error) {
	digits, reply, _ := bytes.Cut(line, []byte(" "))
	id, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return sent{}, fmt.Errorf("reply %s has no channel-ID", excerpt(line))
	}
	s, found := f.pending[id]
	switch {
	case found:
	case id == 0 || id > f.last:
		return sent{}, fmt.Errorf("surplus reply %s: no request had that ID", excerpt(line))
	default:
		return sent{}, fmt.Errorf("surplus reply %s: that ID was answered before", excerpt(line))
	}
	delete(f.pending, id)
	return s, s.request.check(reply)
}

// missing says which request has waited longest, for the error when no more replies come.
func (f *inFlight) missing() error {
	if len(f.pending) == 0 {
		return nil
	}
	oldest := f.last
	for id := range f.pending {
		oldest = min(oldest, id)
	}
	return fmt.Errorf("%d replies missing, the oldest to ID %d, %s",
		len(f.pending), oldest, excerpt(f.pending[oldest].request.line))
}
