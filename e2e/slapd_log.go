//go:build unix

package e2e

import (
	"fmt"
	"strings"
)

// A Bind is one that the server was asked for, and its answer.
type Bind struct {
	// DN is as the client wrote it, in the server's normal form; "" for anonymous.
	DN string
	// Result is the resultCode of RFC 4511 section 4.1.9, such as 49 for invalid
	// credentials; -1 if there is no answer yet.
	Result int
	// SASL is set if the bind was not a simple one.
	SASL bool
}

// Binds returns the binds since the server was made, in the order in which they
// came.
func (s *Slapd) Binds() []Bind {
	var binds []Bind
	place := make(map[string]int) // of a bind, by connection and operation
	for line := range s.logLines() {
		at, what, _ := strings.Cut(line, " BIND ")
		if dn, _, found := strings.Cut(strings.TrimPrefix(what, `dn="`), `" `); found {
			if _, known := place[at]; known {
				continue // the second line of a good one
			}
			place[at] = len(binds)
			binds = append(binds, Bind{DN: dn, Result: -1, SASL: !strings.Contains(what, "method=128")})
			continue
		}
		at, what, _ = strings.Cut(line, " RESULT ")
		if n, known := place[at]; known && binds[n].Result < 0 {
			if _, code, found := strings.Cut(what, "err="); found {
				_, _ = fmt.Sscan(code, &binds[n].Result) // or -1, as without an answer
			}
		}
	}
	return binds
}

// BindsOf returns the results of the simple binds with a DN.
func (s *Slapd) BindsOf(dn string) []int {
	var results []int
	for _, b := range s.Binds() {
		if !b.SASL && strings.EqualFold(b.DN, dn) {
			results = append(results, b.Result)
		}
	}
	return results
}

// Searches returns the filters of the searches since the server was made.
func (s *Slapd) Searches() []string {
	var filters []string
	for line := range s.logLines() {
		_, what, _ := strings.Cut(line, " SRCH ")
		if _, filter, found := strings.Cut(what, `filter="`); found {
			filters = append(filters, strings.TrimSuffix(filter, `"`))
		}
	}
	return filters
}

// Connections returns how many connections the server has taken.
func (s *Slapd) Connections() int {
	n := 0
	for line := range s.logLines() {
		if strings.Contains(line, " ACCEPT ") {
			n++
		}
	}
	return n
}

// logLines yields the lines of all logs without the time, each with its start of
// the server, as that begins to count connections anew.
func (s *Slapd) logLines() func(yield func(string) bool) {
	s.mu.Lock()
	starts := s.starts
	s.mu.Unlock()
	return func(yield func(string) bool) {
		for start := 1; start <= starts; start++ {
			for line := range strings.Lines(readOr(s.logFile(start))) {
				_, line, found := strings.Cut(strings.TrimSuffix(line, "\n"), " conn=")
				if found && !yield(fmt.Sprintf("%d.%s", start, line)) {
					return
				}
			}
		}
	}
}
