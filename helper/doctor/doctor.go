// Package doctor holds what is found when a helper's settings are examined before its
// users find out: what is wrong, why that matters, and what mends it.
package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"squidauth/helper/printable"
)

// Severity says how bad a finding is.
type Severity string

// The severities, from none to the worst.
const (
	Good    Severity = "good"    // looked at, and as it should be
	Note    Severity = "note"    // worth knowing
	Warning Severity = "warning" // works, but not well, not safely, or not for long
	Fault   Severity = "fault"   // logins fail, or the wrong ones succeed
)

// Finding is one thing that was looked at. The texts hold no secrets.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`            // short and stable, for scripts: "keytab-unreadable"
	Where    string   `json:"where,omitempty"` // file, line, server or option
	What     string   `json:"what"`
	Why      string   `json:"why,omitempty"`  // what follows for users
	Cure     string   `json:"cure,omitempty"` // the command or line that mends it
}

// Report collects findings. It may be used from several goroutines.
type Report struct {
	mu       sync.Mutex
	findings []Finding
}

// An Examiner knows what it will need at run time, and looks whether it is there: files,
// servers, accounts. Examine obeys ctx, changes nothing, and makes no attempt to log in
// that could count against a user's account.
type Examiner interface {
	Examine(ctx context.Context, r *Report)
}

// Add adds findings as they are.
func (r *Report) Add(findings ...Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings = append(r.findings, findings...)
}

// Good adds that something is as it should be.
func (r *Report) Good(code, where, format string, args ...any) {
	r.Add(Finding{Severity: Good, Code: code, Where: where, What: fmt.Sprintf(format, args...)})
}

// Drop takes the findings away of which it is true.
func (r *Report) Drop(is func(Finding) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings = slices.DeleteFunc(r.findings, is)
}

// Findings returns a copy of all findings, in the order in which they were added.
func (r *Report) Findings() []Finding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.findings)
}

// Count returns how many findings have that severity.
func (r *Report) Count(s Severity) (n int) {
	for _, f := range r.Findings() {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// WriteText prints the report for people: the good findings in a line each, of the
// others also why they matter and what mends them.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings() {
		where := ""
		if f.Where != "" {
			where = f.Where + ": "
		}
		fmt.Fprintf(&b, "%-8s %s%s  [%s]\n", printable.Text(string(f.Severity)), printable.Text(where), printable.Text(f.What), printable.Text(f.Code))
		if f.Why != "" {
			fmt.Fprintf(&b, "         why:  %s\n", printable.Text(f.Why))
		}
		if f.Cure != "" {
			fmt.Fprintf(&b, "         cure: %s\n", printable.Text(f.Cure))
		}
	}
	fmt.Fprintf(&b, "%d faults, %d warnings, %d notes, %d in order\n", r.Count(Fault), r.Count(Warning), r.Count(Note), r.Count(Good))
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteJSON prints the report as one JSON object with the array "findings".
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Findings []Finding `json:"findings"`
		Faults   int       `json:"faults"`
		Warnings int       `json:"warnings"`
	}{append([]Finding{}, r.Findings()...), r.Count(Fault), r.Count(Warning)})
}
