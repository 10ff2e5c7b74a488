// Package metrics counts logins for Prometheus. All processes of one scheme add to one
// file, which node_exporter's textfile collector reads: Squid starts and ends helpers as
// it likes, and what they counted stays.
package metrics

import (
	"slices"
	"strconv"
	"time"

	"squidauth/protocol"
)

// The metrics.
const (
	logins     = "squidauth_logins_total"
	challenges = "squidauth_challenges_total"
	versions   = "squidauth_versions_total"
	processes  = "squidauth_processes_started_total"
	seconds    = "squidauth_login_duration_seconds"
	questions  = "squidauth_domain_controller_questions_total"
)

var descriptions = map[string]struct{ kind, help string }{
	logins:     {"counter", "Final answers to logins, by who decided what and why."},
	challenges: {"counter", "Answers that ask the client for more."},
	versions:   {"counter", "Logins in which the version of the client's protocol was seen."},
	processes:  {"counter", "Helper processes that were started."},
	seconds:    {"histogram", "Time from the request line to the final answer."},
	questions:  {"counter", "Questions to domain controllers, by how they ended."},
}

// bounds are those of the histogram's buckets, in seconds. Squid gives up after 64.
var bounds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25}

// histogram is how long logins took.
type histogram struct {
	within [16]int // one for each bound, and one for what is longer: not summed up
	sum    float64 // in seconds
}

// tally is what a process has counted since it last wrote. The zero tally is empty.
type tally struct {
	starts, challenges int
	logins             map[decision]int
	versions           map[versionSeen]int
	times              map[string]*histogram // by backend
	questions          map[question]int
}

// question is one to a server.
type question struct{ server, end string }

// maxServers bounds the names of servers: they may come from the DNS. What goes to more
// of them is counted under the name of none.
const maxServers = 64

// asked counts a question to a server.
func (t *tally) asked(q question) {
	if t.questions == nil {
		t.questions = map[question]int{}
	}
	if _, known := t.questions[q]; !known && len(t.questions) >= maxServers {
		q.server = ""
	}
	t.questions[q]++
}

type decision struct {
	backend, reason string
	outcome         protocol.Outcome
}

type versionSeen struct {
	version string
	outcome protocol.Outcome
}

// observe counts a reply that took so long.
func (t *tally) observe(r protocol.Reply, took time.Duration) {
	if r.Outcome() == protocol.Continue {
		t.challenges++
		return
	}
	if t.logins == nil {
		t.logins, t.versions, t.times = map[decision]int{}, map[versionSeen]int{}, map[string]*histogram{}
	}
	d := r.Detail()
	t.logins[decision{d.Backend, d.Reason, r.Outcome()}]++
	if d.Version != "" {
		t.versions[versionSeen{d.Version, r.Outcome()}]++
	}
	h := t.times[d.Backend]
	if h == nil {
		h = new(histogram)
		t.times[d.Backend] = h
	}
	at, _ := slices.BinarySearch(bounds, took.Seconds())
	h.within[at]++
	h.sum += took.Seconds()
}

// counters names what was counted.
func (t *tally) counters(scheme string) counters {
	c := counters{}
	if t.starts > 0 {
		c[series(processes, "scheme", scheme)] = float64(t.starts)
	}
	if t.challenges > 0 {
		c[series(challenges, "scheme", scheme)] = float64(t.challenges)
	}
	for d, n := range t.logins {
		c[series(logins, "scheme", scheme, "backend", d.backend, "outcome", d.outcome.String(), "reason", d.reason)] += float64(n)
	}
	for v, n := range t.versions {
		c[series(versions, "scheme", scheme, "version", v.version, "outcome", v.outcome.String())] += float64(n)
	}
	for q, n := range t.questions {
		c[series(questions, "scheme", scheme, "controller", q.server, "end", q.end)] += float64(n)
	}
	for backend, h := range t.times {
		c.addHistogram(h, "scheme", scheme, "backend", backend)
	}
	return c
}

// addHistogram adds the series of a histogram, in which each bucket counts all that is
// not longer than its bound.
func (c counters) addHistogram(h *histogram, labels ...string) {
	n := 0
	for i, within := range h.within {
		n += within
		bound := "+Inf"
		if i < len(bounds) {
			bound = strconv.FormatFloat(bounds[i], 'g', -1, 64)
		}
		c[series(seconds+"_bucket", append(labels[:len(labels):len(labels)], "le", bound)...)] += float64(n)
	}
	c[series(seconds+"_count", labels...)] += float64(n)
	c[series(seconds+"_sum", labels...)] += h.sum
}
