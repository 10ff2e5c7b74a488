//go:build unix

package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/cmd/internal/squidconf"
	"squidauth/e2e"
)

// TestSquidConf has a real Squid read the lines of squid.conf on all pages, those of one
// example together. What an example takes for granted comes before it.
func TestSquidConf(t *testing.T) {
	squid := e2e.Need(t, "squid")
	c := newChecker(t)
	examples := 0
	for _, d := range all(t) {
		for _, b := range d.Blocks {
			text := c.squidConf(b)
			if text == "" {
				continue
			}
			examples++
			path := filepath.Join(c.etc, "squid.conf")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(squid, "-f", path, "-k", "parse").CombinedOutput()
			if err != nil || strings.Contains(string(out), "ERROR:") {
				t.Errorf("%s:%d: squid -k parse: %v\n%s\n%s", d.Path, b.Line, err, text, out)
			}
		}
	}
	if examples < 20 {
		t.Errorf("only %d examples", examples)
	}
}

// squidConf returns a whole squid.conf with the lines of an example; empty: there are
// none.
func (c *checker) squidConf(b Block) string {
	var lines []string
	known := false
	for _, line := range joined(b.Lines) {
		if !isDirective(line) {
			continue
		}
		words, _ := squidconf.Split(line) // Squid tells what is wrong with it
		if len(words) > 3 && words[0] == "auth_param" && words[2] == "program" {
			line = strings.Replace(line, words[3], programs.Path(c.t, "basic"), 1) // Squid looks whether it is there
		}
		known = known || strings.HasPrefix(line, "acl known ")
		lines = append(lines, strings.ReplaceAll(line, "/etc/squid", c.etc))
	}
	if lines == nil {
		return ""
	}
	before := "http_port 3128\npid_filename none\nauth_param basic program " + programs.Path(c.t, "basic") + "\n"
	if !known {
		before += "acl known proxy_auth REQUIRED\n"
	}
	return before + strings.Join(lines, "\n") + "\n"
}
