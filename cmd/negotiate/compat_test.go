package main

import (
	"testing"

	"squidauth/cmd/internal/docs/compattest"
)

// TestCompatibility runs the table of docs/compatibility.md.
func TestCompatibility(t *testing.T) {
	compattest.Run(t, compattest.Program{
		Name:    "negotiate_kerberos_auth",
		Options: []string{"-d", "-i", "-r", "-s", "-k", "-c", "-t", "-h"},
		Translate: func(name string, args []string) compattest.Result {
			words, err := byName(name, append([]string{name}, args...))
			return compattest.Result{Words: words[1:], Err: err}
		},
		Open: func(name string, args []string) error {
			_, _, err := open(append([]string{name}, args...))
			return err
		},
	})
}
