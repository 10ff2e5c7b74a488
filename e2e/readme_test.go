//go:build unix

package e2e_test

import (
	"os"
	"strings"
	"testing"

	"squidauth/e2e"
)

// TestReadme runs the squid.conf lines of the README as they stand there, but for
// the paths.
func TestReadme(t *testing.T) {
	t.Parallel()
	users := []e2e.User{e2e.APR1User("alice", "alices-secret", "salt"), e2e.APR1User("bob", "bobs-secret", "pepper")}
	file := e2e.PasswordFile(t, users)
	auth := readmeLines(t, "auth_param basic", map[string]string{
		"/usr/local/libexec/squidauth/basic": programs.Path(t, "basic"),
		"/usr/lib/squid/basic_ncsa_auth":     programs.As(t, "basic", "basic_ncsa_auth"),
		"/etc/squid/passwd":                  file,
	})
	if len(auth) != 4 {
		t.Fatalf("the README has other lines than this test knows: %q", auth)
	}
	t.Run("quick start", func(t *testing.T) {
		t.Parallel()
		testLogin(t, strings.Join(auth[:3], "\n"), users)
	})
	t.Run("drop-in", func(t *testing.T) {
		t.Parallel()
		testLogin(t, auth[3], users)
	})
}

// readmeLines returns the README's example lines that begin with prefix, with its
// paths replaced.
func readmeLines(t *testing.T, prefix string, paths map[string]string) []string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(readme)) {
		line, example := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		if !example || !strings.HasPrefix(line, prefix) {
			continue
		}
		for from, to := range paths {
			line = strings.ReplaceAll(line, from, to)
		}
		lines = append(lines, line)
	}
	return lines
}
