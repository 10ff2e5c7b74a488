//go:build unix

package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/e2e"
)

// makeAt runs make with targets and variables for a system whose root is dir.
func makeAt(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(e2e.Need(t, "make"), append([]string{"-C", "..", "DESTDIR=" + dir, "PREFIX=/usr"}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// tree lists what is in a folder: paths, modes, what links lead to and files say.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		b.WriteString(strings.TrimPrefix(path, dir) + " " + info.Mode().String())
		switch target, _ := os.Readlink(path); {
		case target != "":
			b.WriteString(" -> " + target)
		case info.Mode().IsRegular() && info.Size() < 100:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.WriteString(" " + string(bytes.TrimSpace(content)))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestInstall puts our programs into a system with Squid's own, and takes them out again:
// no file is replaced unasked, and in the end everything is as it was.
func TestInstall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	squid := filepath.Join(dir, "usr/lib/squid")
	if err := os.MkdirAll(squid, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"usr/libexec", "usr/share/man/man8", "usr/share/bash-completion/completions"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	theirs := filepath.Join(squid, "basic_ncsa_auth")
	if err := os.WriteFile(theirs, []byte("Squid's own\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if out, err := makeAt(t, dir, "install"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	passwd := filepath.Join(dir, "passwd")
	if err := os.WriteFile(passwd, []byte("bob:5ebe2294ecd0e0f08eab7690d2a6ee69\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dir, "usr/libexec/squidauth/drop-in/basic_ncsa_auth"), passwd)
	cmd.Stdin = strings.NewReader("bob secret\nbob guess\n")
	if out, err := cmd.Output(); err != nil || string(out) != "OK\nERR Wrong password\n" {
		t.Errorf("the link in our own folder: %q, %v", out, err)
	}
	for _, page := range []string{"basic", "ntlm", "negotiate", "wrapper"} {
		file := filepath.Join(dir, "usr/share/man/man8/squidauth-"+page+".8")
		man := exec.Command(e2e.Need(t, "man"), "--warnings", "-l", file)
		man.Env = append(os.Environ(), "LC_ALL=C")
		out, err := man.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "squidauth-"+page) || strings.Contains(string(out), "warning:") {
			t.Errorf("%s: %v\n%.500s", file, err, out)
		}
	}

	out, err := makeAt(t, dir, "install-drop-in")
	if content, _ := os.ReadFile(theirs); err == nil || !strings.Contains(out, "was left alone") || string(content) != "Squid's own\n" {
		t.Errorf("a file was replaced unasked, or nobody was told: %q, %v\n%s", content, err, out)
	}
	for range 2 { // the second time nothing is left to do
		if out, err := makeAt(t, dir, "install-drop-in", "FORCE=yes"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if target, err := os.Readlink(theirs); err != nil || target != "/usr/libexec/squidauth/drop-in/basic_ncsa_auth" {
		t.Errorf("%s, %v", target, err)
	}
	for range 2 {
		if out, err := makeAt(t, dir, "uninstall"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if err := os.Remove(passwd); err != nil {
		t.Fatal(err)
	}
	if after := tree(t, dir); after != before {
		t.Errorf("uninstalling left\n%s\nand before there was\n%s", after, before)
	}
}
