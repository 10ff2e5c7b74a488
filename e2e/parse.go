//go:build unix

package e2e

import (
	"os/exec"
	"testing"
)

// Parse returns what "squid -k parse" says of this Squid's configuration, and fails the
// test if Squid would not start with it.
func (s *Squid) Parse(t testing.TB) string {
	t.Helper()
	out, err := exec.Command(s.program, "-n", s.name, "-f", s.conf, "-k", "parse").CombinedOutput()
	if err != nil {
		t.Errorf("squid -k parse: %v\n%s", err, out)
	}
	return string(out)
}
