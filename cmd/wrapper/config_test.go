package main

import (
	"testing"

	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/negotiate"
)

// TestInspected: who only looks at a command line starts no program of it. He may be
// root, and they are to run as somebody else.
func TestInspected(t *testing.T) {
	c := config{commands: commands{ntlm: []string{"/bin/cat"}, kerberos: []string{"/bin/cat"}}}
	var h helper.Handler
	c.Inspect(func(got helper.Handler) { h = got })
	if err := program.Act(newApp(&c), []string{"wrapper"}); err != nil {
		t.Fatal(err)
	}
	if w := h.(*negotiate.Wrapper); w.NTLM != nil || w.Kerberos != nil {
		t.Errorf("started: %v, %v", w.NTLM, w.Kerberos)
	}
}
