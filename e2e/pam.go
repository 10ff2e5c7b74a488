//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pamProgram is the helper basic built with PAM.
const pamProgram = "basic-pam"

// WithPAM sees to it that the helper basic has the one with PAM beside it, and returns
// the path of basic.
func (p *Programs) WithPAM(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("/usr/include/security/pam_appl.h"); err != nil {
		Lacking(t, "libpam0g-dev is not installed; run e2e/install.sh as root")
	}
	Need(t, "gcc")
	path := p.Path(t, "basic")
	p.mu.Lock()
	defer p.mu.Unlock()
	err, tried := p.done[pamProgram]
	if !tried {
		err = providePAM(filepath.Join(p.dir, pamProgram))
		p.done[pamProgram] = err
	}
	if err != nil {
		t.Fatalf("no helper %s: %v", pamProgram, err)
	}
	return path
}

func providePAM(path string) error {
	if source := os.Getenv("SQUIDAUTH_BIN"); source != "" {
		return copyProgram(path, filepath.Join(source, pamProgram))
	}
	cmd := exec.Command("go", "build", "-tags", "pam", "-o", path, "squidauth/cmd/basic")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build -tags pam: %w\n%s", err, out)
	}
	return os.Chmod(path, 0o755) // whatever the umask is
}

// PAMServices writes the services' files into a folder, and others that they need,
// programs too, and returns its path, for which DIR stands in the files.
func PAMServices(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := Dir(t)
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(content, "DIR", dir)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o755); err != nil { // whatever the umask is
			t.Fatal(err)
		}
	}
	return dir
}
