package helper

import (
	"log/slog"
	"time"

	"squidauth/protocol"
)

// DefaultTimeout is how long a request may take. Squid gives up a reserved
// helper after 64 seconds, and asks a Basic helper three times if need be.
const DefaultTimeout = 20 * time.Second

// grace is what a Handler gets beyond its deadline to come back with a reply of
// its own before Serve answers in its place.
const grace = time.Second

// AuditLevel says for which decisions a line is logged.
type AuditLevel byte

// The audit levels. The zero level is AuditFailures.
const (
	AuditFailures AuditLevel = iota // refused, or could not tell
	AuditAll                        // every decision
	AuditNone
)

// Options tells Serve how the program speaks. The zero value of each field but
// Scheme and Log is usable.
type Options struct {
	Scheme  protocol.Scheme
	Dialect protocol.Dialect

	// Concurrency is squid.conf's concurrency=: every line begins with a
	// channel-ID, and up to so many requests are in flight. 0: no channel-IDs,
	// one request after the other.
	Concurrency int

	// Timeout bounds one request; 0 means DefaultTimeout.
	Timeout time.Duration

	// StrayID returns the channel-ID of a line that has one although
	// Concurrency is 0, or nil. Without it no line has one.
	StrayID func(line []byte) []byte

	// GCPercent is how much garbage there may be, in percent of what is in use; 0: what
	// suits Concurrency. The environment's GOGC comes first.
	GCPercent int

	// Processors is how many the program may use at a time; 0: all. A Handler that waits
	// for servers and computes next to nothing is faster with one: nothing is lost by
	// waking others. The environment's GOMAXPROCS comes first.
	Processors int

	Audit AuditLevel
	Log   *slog.Logger

	// Observe is told of every reply and how long it took, by several goroutines
	// at a time; nil: nobody is.
	Observe func(r protocol.Reply, took time.Duration)

	// ObserveServer is for Handlers that ask servers to tell how each question ended,
	// in a word; by several goroutines at a time. nil: nobody wants to know.
	ObserveServer func(server, end string)
}

func (o Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return DefaultTimeout
}

func (o Options) inFlight() int { return max(1, o.Concurrency) }

func (o Options) maxLine() int {
	if o.Scheme == protocol.Basic {
		return protocol.MaxBasicLine
	}
	return protocol.MaxTokenLine
}
