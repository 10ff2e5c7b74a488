//go:build unix

package docs

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// foreignFlags are options of other programs that pages speak of, of those that ours
// replace among them.
var foreignFlags = strings.Fields(`
	--allow-mschapv2 --challenge --configfile --debuglevel --debug-stdout --diagnostics --helper-protocol --lm-response --nt-response --offline-logon --option --pam-winbind-conf --password
	--persist --plain --request-lm-key --request-nt-key --require-membership-of --salt --target-hostname --target-service --use-cached-creds --username --workstation
	--nonsense --p --permit-all-users --DSN --NTLM
	--kerberos --ntlm --from
`)

var longFlag = regexp.MustCompile(`(?:^|[ \[|(])(--[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:[^A-Za-z0-9-]|$)`)

// TestFlags: the options that pages name in their text are options of ours. Those in
// examples are run by TestCommands.
func TestFlags(t *testing.T) {
	known := map[string]bool{}
	for _, name := range []string{"basic", "negotiate", "ntlm", "wrapper"} {
		out, err := exec.Command(programs.Path(t, name), "manual").Output()
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(out), `\-`, "-")
		for _, m := range regexp.MustCompile(`--[a-z0-9-]+`).FindAllString(text, -1) {
			known[m] = true
		}
	}
	if len(known) < 100 {
		t.Fatalf("only %d options were found", len(known))
	}
	used := map[string]bool{}
	for _, d := range all(t) {
		for _, span := range Spans(d.Prose) {
			for _, m := range longFlag.FindAllStringSubmatch(span, -1) {
				used[m[1]] = true
				if !known[m[1]] && !slices.Contains(foreignFlags, m[1]) {
					t.Errorf("%s: no program has the option %s", d.Path, m[1])
				}
			}
		}
	}
	for f := range known {
		if !used[f] {
			t.Errorf("no page says what %s does", f)
		}
	}
	for _, f := range foreignFlags {
		if !used[f] {
			t.Errorf("no page has %s any more", f)
		}
	}
}
