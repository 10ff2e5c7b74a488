package packaging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDropIn: each line is understood, no name is there twice, and each program is one.
func TestDropIn(t *testing.T) {
	lines := 0
	for line := range strings.Lines(dropIn) {
		if !strings.HasPrefix(line, "#") {
			lines++
		}
	}
	if got := len(links()); got != lines || got == 0 {
		t.Errorf("%d of %d lines are a name and a program", got, lines)
	}
	seen := map[string]bool{}
	for _, l := range links() {
		if seen[l.name] {
			t.Errorf("%s is there twice", l.name)
		}
		seen[l.name] = true
		program, _, _ := strings.Cut(l.program, "-") // the rest is a form of it
		source := filepath.Join("../..", program, "main.go")
		if _, err := os.Stat(source); err != nil || strings.ContainsAny(l.name, "/*?") {
			t.Errorf("%s %s: %v", l.name, l.program, err)
		}
	}
}

// recorder counts complaints in place of a test's.
type recorder struct {
	testing.TB
	complaints int
}

func (r *recorder) Helper()               {}
func (r *recorder) Error(...any)          { r.complaints++ }
func (r *recorder) Errorf(string, ...any) { r.complaints++ }

func TestCheckNames(t *testing.T) {
	wrapper := []string{"negotiate_wrapper_auth", "negotiate_wrapper"}
	for _, tt := range []struct {
		names []string
		want  int
	}{
		{wrapper, 0},
		{append(wrapper, "ntlm_auth"), 0}, // leads to ntlm
		{append(wrapper, "unheard_of"), 1},
		{wrapper[:1], 1},
		{nil, 3},
	} {
		r := &recorder{TB: t}
		CheckNames(r, tt.names, "wrapper")
		if r.complaints != tt.want {
			t.Errorf("%q: %d complaints, want %d", tt.names, r.complaints, tt.want)
		}
	}
}
