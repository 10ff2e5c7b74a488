//go:build unix

package e2e_test

import (
	"strings"
	"testing"

	"squidauth/e2e"
)

// A question is a line for two helpers, one of them Squid's own.
type question struct {
	line string
	// other is what ours answers if that is not what Squid's does, and why the reason.
	other, why string
}

// mustAnswerAlike asks both helpers the same. The trailing blank of Squid's own means
// nothing to Squid, nor does the text behind BH.
func mustAnswerAlike(t *testing.T, own, ours *e2e.Peer, questions []question) {
	t.Helper()
	for _, q := range questions {
		want, got := strings.TrimRight(own.Ask(t, q.line), " "), ours.Ask(t, q.line)
		if strings.HasPrefix(got, "BH ") {
			got = "BH"
		}
		switch {
		case q.why == "" && got != want:
			t.Errorf("%q: %q, but Squid's own says %q", q.line, got, want)
		case q.why != "" && got != q.other:
			t.Errorf("%q: %q, want %q (%s)", q.line, got, q.other, q.why)
		case q.why != "" && want == q.other:
			t.Errorf("%q: both say %q, although %s", q.line, got, q.why)
		}
	}
}
