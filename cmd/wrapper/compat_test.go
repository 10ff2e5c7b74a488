package main

import (
	"errors"
	"slices"
	"testing"

	"squidauth/cmd/internal/docs/compattest"
)

// TestCompatibility runs the table of docs/compatibility.md. A command line for which
// the usage is shown counts as refused.
func TestCompatibility(t *testing.T) {
	compattest.Run(t, compattest.Program{
		Name:    "negotiate_wrapper_auth",
		Options: []string{"-h", "-d", "--ntlm", "--kerberos"},
		Translate: func(name string, args []string) compattest.Result {
			call, err := byName(name, append([]string{name}, args...))
			if call.usage {
				return compattest.Result{Err: errors.New(cUsage)}
			}
			words := slices.Concat(call.args[1:], []string{kerberosMarker}, call.commands.kerberos, []string{ntlmMarker}, call.commands.ntlm)
			return compattest.Result{Words: words, Err: err}
		},
	})
}
