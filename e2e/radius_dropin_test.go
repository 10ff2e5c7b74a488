//go:build unix

package e2e_test

import (
	"os"
	"strings"
	"testing"

	"squidauth/e2e"
)

const cRadiusPath = "/usr/lib/squid/basic_radius_auth"

// TestRadiusDropIn gives the same lines to Squid's own helper and to ours, with the same
// command lines. What differs is listed, with the reason.
func TestRadiusDropIn(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(cRadiusPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	sixteen := e2e.RadiusUser{User: e2e.User{Name: "sixteen", Password: "0123456789abcdef"}}
	long := e2e.RadiusUser{User: e2e.User{Name: "long", Password: strings.Repeat("p", 127)}}
	odd := e2e.RadiusUser{User: e2e.User{Name: "per cent", Password: "50% + \xe4"}}
	r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret, SignsNothing: true,
		Users: append(radiusUsers(), sixteen, long, odd)})
	file := radiusFile(t, "# as in the manual\nserver 127.0.0.1\nsecret "+radiusSecret+"\nport "+r.Port()+"\ntimeout 1\n")
	for name, options := range map[string]string{
		"options": "-h 127.0.0.1 -t 1 -p " + r.Port() + " -w " + radiusSecret,
		"bundled": "-h127.0.0.1 -isquid -t1 -p" + r.Port() + " -w" + radiusSecret,
		"file":    "-f " + file,
		"unknown": "-x -f " + file + " -h 192.0.2.1 -w another -p 9",
	} {
		t.Run(name, func(t *testing.T) {
			args := strings.Fields(options)
			theirs := e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{cRadiusPath}, args...), AsProxy: true, Foreign: true})
			ours := e2e.StartPeer(t, e2e.PeerConfig{
				Command: append([]string{programs.As(t, "basic", "basic_radius_auth")}, args...), AsProxy: true})
			for _, c := range radiusLines() {
				a, b := theirs.Ask(t, c.line), ours.Ask(t, c.line)
				if a != c.theirs || b != c.ours {
					t.Errorf("%.40q: theirs says %q, ours %q, want %q and %q", c.line, a, b, c.theirs, c.ours)
				}
				if strings.TrimRight(a, " ") != b && c.why == "" {
					t.Errorf("%.40q: a difference without a reason", c.line)
				}
			}
		})
	}
}

// radiusLine is a request and the answers of both helpers.
type radiusLine struct{ line, theirs, ours, why string }

// radiusLines end some of their texts with a blank, as the C helper does where it has no
// text.
func radiusLines() []radiusLine {
	return []radiusLine{
		{line: "alice alices-secret", theirs: "OK ", ours: "OK"},
		{line: "alice not-a-secret", theirs: "ERR ", ours: "ERR"},
		{line: "nobody alices-secret", theirs: "ERR ", ours: "ERR"},
		{line: "ALICE alices-secret", theirs: "ERR ", ours: "ERR"},
		{line: "alice alices-secre", theirs: "ERR ", ours: "ERR"},
		{line: "alice alices-secretx", theirs: "ERR ", ours: "ERR"},
		{line: "%61lice alices%2Dsecret", theirs: "OK ", ours: "OK"},
		{line: "bob bobs-secret,%20two%20words", theirs: "OK ", ours: "OK"},
		{line: "per%20cent 50%25%20+%20%E4", theirs: "OK ", ours: "OK"},
		{line: "sixteen 0123456789abcdef", theirs: "OK ", ours: "OK"},
		{line: "long " + strings.Repeat("p", 127), theirs: "OK ", ours: "OK"},
		{line: "alice ", theirs: "ERR ", ours: "ERR"},
		{line: e2e.RadiusChallenged + " x", theirs: "ERR ", ours: "ERR"},
		{line: "alice", theirs: "ERR No password", ours: "ERR",
			why: "Squid never sends it, and what is said of it is the same with all backends"},
		{line: " alice alices-secret", theirs: "OK ", ours: "ERR",
			why: "the C helper skips blanks; Squid sends one in front for a user without a name"},
		{line: "alice alices-secret\r", theirs: "ERR ", ours: "OK",
			why: "a line from a keyboard may end so; Squid sends %0D"},
		{line: "alice%zzjunk alices-secret", theirs: "OK ", ours: "ERR",
			why: "the C helper takes %zz for NUL, and so anybody for alice"},
		{line: "alice " + strings.Repeat("p", 200), theirs: "ERR ", ours: "ERR Password too long. RADIUS has 128 bytes.",
			why: "the C helper sends what RFC 2865 does not have"},
		{line: "alice " + strings.Repeat("p", 240), theirs: "ERR No response from RADIUS server", ours: "ERR Password too long. RADIUS has 128 bytes.",
			why: "the C helper sends a broken packet, and waits for an answer"},
	}
}
