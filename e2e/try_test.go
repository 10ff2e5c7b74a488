//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/e2e"
)

// TestTry has our own client log in to a proxy at work, in each scheme, with the right
// password or ticket and without.
func TestTry(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	carol := e2e.MD5User("carol", "carols-secret")
	squid, origin := w.startAll(t, carol)
	alice := w.ntlmUsers[0]
	dir := t.TempDir()
	password := func(text string) string {
		path := filepath.Join(dir, "password")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		program string
		tickets *e2e.Tickets
		options []string
		secret  string
		status  int
		words   string
	}{
		{"basic", w.alice, []string{"--user", carol.Name}, carol.Password, 0, "leg 1: |200 OK|let in after"},
		{"basic", w.alice, []string{"--user", carol.Name}, "not-a-secret", 2, "leg 1: |407|refused"},
		{"ntlm", w.alice, []string{"--user", `EXAMPLE\` + alice.Name}, alice.Password, 0, "leg 1: |407|leg 2: |200 OK|let in after"},
		{"ntlm", w.alice, []string{"--user", `EXAMPLE\` + alice.Name}, "not-a-secret", 2, "leg 2: |407|refused"},
		{"negotiate", w.alice, []string{"--proxy-name", "localhost"}, "", 0, "leg 1: |200 OK|let in after"},
		{"wrapper", w.alice, []string{"--proxy-name", "localhost", "--load", "20", "--at-once", "4"}, "", 0, "20 logins in|20 let in|half within"},
		{"negotiate", w.kdc.NoTickets(t), []string{"--proxy-name", "localhost"}, "", 1, "kinit"},
	} {
		url := origin.URL()
		options := append([]string{"try", "--proxy", squid.Address(), "--url", url}, c.options...)
		if c.secret != "" {
			options = append(options, "--password-file", password(c.secret))
		}
		r := runAs(t, c.tickets, nil, programs.Path(t, c.program), options...)
		r.must(t, c.status, strings.Split(c.words, "|")...)
		if (origin.Hits(url) > 0) != (c.status == 0) {
			t.Errorf("%s: the origin was asked %d times", c.program, origin.Hits(url))
		}
		if c.secret != "" && strings.Contains(r.out+r.err, c.secret) {
			t.Errorf("%s shows the password", c.program)
		}
	}
}
