//go:build unix

package e2e_test

import (
	"regexp"
	"strings"
	"testing"

	"squidauth/e2e"
)

// ldapSetups are command lines for which the same lines are given to the C helper and
// to ours.
func ldapSetups(t *testing.T, slapd *e2e.Slapd) map[string]string {
	other := e2e.Dir(t) + "/other"
	writeSecret(t, other, "not-the-password")
	const base, people = "-b " + e2e.SlapdBase + " ", "-b " + e2e.SlapdPeople + " "
	const service = "-D " + e2e.SlapdService + " -W "
	right := service + servicePassword(t) + " "
	return map[string]string{
		"search":         people + "-f uid=%s " + slapd.Address(),
		"service":        base + "-f uid=%s " + right + slapd.Address(),
		"bind once":      "-O " + base + "-f uid=%s " + right + slapd.Address(),
		"DN":             people + slapd.Address(),
		"compare":        "-U userPassword " + right + base + "-f uid=%s " + slapd.Address(),
		"compare, DN":    "-U userPassword " + right + people + slapd.Address(),
		"mail":           people + "-f mail=%s " + slapd.Address(),
		"wrong service":  base + "-f uid=%s " + service + other + " " + slapd.Address(),
		"no secret":      base + "-f uid=%s " + service + "/nonexistent " + slapd.Address(),
		"no such base":   "-b ou=nowhere," + e2e.SlapdBase + " -f uid=%s " + slapd.Address(),
		"another's base": "-b dc=elsewhere -f uid=%s " + slapd.Address(),
		"no server":      people + "-f uid=%s 127.0.0.1:9",
		"no TLS server":  people + "-f uid=%s -H ldaps://127.0.0.1:9",
	}
}

// ldapLines are right and wrong logins, and lines that are none.
var ldapLines = []string{
	"", " ", "alice", "alice ", "alice\r",
	"alice alices-secret", " alice alices-secret", "alice alices-secret\r", "ALICE alices-secret", "alic%65 alices-secr%65t",
	"alice  alices-secret", "alice alices-secret ", "alice wrong", "nobody wrong", "ali%zze alices-secret", "alice %", "alice %00",
	"alice alices-secret%00x", "alice%00 alices-secret", "ali%01ce alices-secret",
	"alice%20 alices-secret", "%20alice alices-secret", "ali%20%20ce alices-secret", "alice%09 alices-secret", "alice%C2%A0 alices-secret",
	"two%20words odd-password-of-two%20words", "bob bob's%20secret,%20two%20words", "bob bob's secret, two words",
	"j%C3%BCrgen odd-password-of-j%C3%BCrgen", "j%FCrgen odd-password-of-j%C3%BCrgen", "%EF%BC%A1lice alices-secret",
	"smith,%20john odd-password-of-smith,%20john", "%22quoted%22 odd-password-of-%22quoted%22", "a+b odd-password-of-a+b",
	"star* odd-password-of-star*", "dom%5Ccarl odd-password-of-dom%5Ccarl", "%23hash odd-password-of-%23hash",
	"%22alice%22 alices-secret", "alice,ou=people alices-secret", "alice)(uid=* alices-secret", "* alices-secret",
	"carol compare-me-with-it", "carol wrong", "twins@example.test one-of-two-twins", "twins@example.test two-of-two-twins",
	"locked locked-by-somebody", "reset has-to-be-changed", "alice alices-secret", "dave not-for-everybody",
}

// A difference is in how the C helper and ours answer; all but why are regular
// expressions.
type ldapDifference struct {
	why                       string
	setup, line, theirs, ours string
}

// Setups in which a user can log in, and those in which nobody can.
const (
	ldapWorks = "search|service|bind once|DN|compare|compare, DN|mail"
	ldapFails = "wrong service|no secret|no such base|another's base|no server|no TLS server"

	ldapAtFault = `BH message="The login service is not available.*"`
)

// ldapDifferences are all there are. The first that fits is the reason.
var ldapDifferences = []ldapDifference{
	{"the words for a line that is no login are for nobody, as Squid makes none", ".*", `| |alice *\r?`,
		`ERR message="Missing (username|password)"`, "ERR"},
	{"the same to Squid in another form", ".*", ".*", `ERR message="Invalid username"`, "ERR Invalid username"},
	{"a line that begins with a blank has an empty name, and Squid makes it of one", ".*", " alice .*", ".*", "ERR"},
	{"a server takes a name with odd blanks, or control characters, for another, which is a way around lists of users", ".*", ".*(%01|%C2%A0).*",
		".*", "ERR Invalid username"},
	{"what is wrong with the helper, or the service's password, is in the log, and not the user's fault", ldapFails, ".*",
		"BH .*|ERR Invalid credentials", ldapAtFault},
	{"two entries with the name: theirs takes the first", "mail", "twins.*", "OK|BH Success|ERR Invalid credentials", ldapAtFault},
	{"LDAP knows UTF-8 only; --retry-charset is for browsers that do not", ".*", "j%FCrgen .*", ".*", "ERR Invalid username"},
	{"theirs does not escape the name in the DN, so that this user cannot log in", "DN", "(smith,|%22quoted|a.b|dom%5C|%23hash).*",
		"BH .*|ERR Invalid credentials", "OK"},
	{"theirs does not escape the name in the DN, so that alice has another name, which is a way around lists of users", "DN", "%22alice%22 .*",
		"OK", "ERR Invalid credentials"},
	{"theirs compares as nobody in spite of -D", "compare, DN", "carol compare-me-with-it", "BH Success|ERR Insufficient access", "OK"},
	{"the same", "compare, DN", ".*", "ERR Insufficient access", "ERR Invalid credentials"},
	{"theirs asks a library for an error of which that knows nothing: Squid asks three times, and a server that counts locks the account", ldapWorks, ".*",
		"BH (Success|Compare False|No such object|Invalid DN syntax)", "ERR Invalid credentials"},
}

// TestLDAPDifferential gives the same lines to the C helper and to ours, by its name,
// with the same command lines: each difference is one that we want.
func TestLDAPDifferential(t *testing.T) {
	t.Parallel()
	if *cHelper {
		t.Skip("it is one of the two")
	}
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	seen := make(map[string]bool)
	for name, args := range ldapSetups(t, slapd) {
		for _, kept := range []string{"", "-P "} {
			words := strings.Fields(kept + args)
			theirs, ours := cLDAP(t, slapd, words...), ldapHelper(t, slapd, words...)
			for _, line := range ldapLines {
				a, b := strings.TrimSpace(theirs.Ask(t, line)), ours.Ask(t, line)
				if a == b {
					continue
				}
				why := reasonOf(name, line, a, b)
				if why == "" {
					t.Errorf("%s%s: to %q theirs says %q, ours %q", kept, name, line, a, b)
				}
				seen[why] = true
			}
		}
	}
	for _, d := range ldapDifferences {
		if !seen[d.why] {
			t.Errorf("no difference any more: %s", d.why)
		}
	}
}

// reasonOf returns why two answers differ, or "" if they must not.
func reasonOf(setup, line, theirs, ours string) string {
	fits := func(pattern, text string) bool { return regexp.MustCompile(`^(?s:` + pattern + `)$`).MatchString(text) }
	for _, d := range ldapDifferences {
		if fits(d.setup, setup) && fits(d.line, line) && fits(d.theirs, theirs) && fits(d.ours, ours) {
			return d.why
		}
	}
	return ""
}

// TestLDAPLongLine has a line for which the buffer of the C helper is too short: it
// takes it for several, of which the last may be somebody else's login.
func TestLDAPLongLine(t *testing.T) {
	t.Parallel()
	if *cHelper {
		t.Skip("it is one of the two")
	}
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	alice := e2e.PersonOf("alice")
	args := []string{"-P", "-b", e2e.SlapdPeople, "-f", "uid=%s", slapd.Address()}
	line := strings.Repeat("%75", 341) + alice.Name + " " + alice.Password
	theirs, ours := cLDAP(t, slapd, args...), ldapHelper(t, slapd, args...)
	if a, b := theirs.Ask(t, line), theirs.Next(t); !strings.HasPrefix(a, "ERR") || b != "OK " {
		t.Errorf("theirs: %q, %q", a, b)
	}
	for range 2 { // not one answer too many
		if reply := ours.Ask(t, line); reply != "ERR Invalid credentials" {
			t.Errorf("ours: %q", reply)
		}
	}
}
