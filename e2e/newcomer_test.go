//go:build unix

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"squidauth/e2e"
)

// TestNewcomer does what a newcomer does on a machine with Squid as Debian installs it: our
// programs are built and installed, one line of squid.conf is changed, and a login works.
// How long that took is logged; what was compiled for the tests before is not compiled again.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"squid", "curl", "htpasswd", "make", "dpkg-divert"} {
		e2e.Need(t, program)
	}
	stock(t)
	script, err := os.ReadFile("testdata/newcomer.sh")
	if err != nil {
		t.Fatal(err)
	}
	origin := e2e.StartOrigin(t)
	base, _, _ := strings.Cut(origin.URL(), "/request/")
	out := e2e.OnOtherMachine(t, string(script), "URL="+base, "ADDRESS="+e2e.FreeAddress(t))
	for line := range strings.Lines(out) {
		if before, _, found := strings.Cut(line, " s: "); found && len(before) < 4 {
			t.Log(strings.TrimSpace(line))
		}
	}
	for page := range 8 {
		want := (page + 1) % 2 // the even ones are those with a wrong password
		if hits := origin.Hits(fmt.Sprintf("%s/%d", base, page+1)); hits != want {
			t.Errorf("page %d was fetched %d times, want %d", page+1, hits, want)
		}
	}
}

// stock makes sure that this machine's Squid is set up as the package does it.
func stock(t *testing.T) {
	t.Helper()
	out, err := exec.Command(e2e.Need(t, "dpkg"), "--verify", "squid").CombinedOutput()
	if err != nil || len(out) > 0 {
		e2e.Lacking(t, "Squid is set up otherwise than its package does it: %v\n%s", err, out)
	}
}
