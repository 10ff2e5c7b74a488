//go:build unix

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
)

// packagingTimeout is some times what a step of making the packages takes with nothing in
// the caches.
const packagingTimeout = 4 * time.Minute

// TestPackage makes our packages for Debian out of a copy of this checkout and does with
// them on another machine what testdata/package.sh says.
func TestPackage(t *testing.T) {
	t.Parallel()
	for program := range strings.FieldsSeq("git make dpkg dpkg-deb dpkg-divert objdump htpasswd man bash") {
		e2e.Need(t, program)
	}
	e2e.NeedOtherMachine(t)
	stock(t)
	script, err := os.ReadFile("testdata/package.sh")
	if err != nil {
		t.Fatal(err)
	}
	checkout := newCheckout(t)
	if err := makeIn(t, checkout, "nfpm"); err != nil {
		e2e.Lacking(t, "no nfpm, which packs: is Go's module proxy in reach? %v", err)
	}
	if err := makeIn(t, checkout, "packages", "ARCHS="+runtime.GOARCH, "KINDS=deb"); err != nil {
		t.Fatal(err)
	}

	folder := t.TempDir()
	for _, name := range []string{"squidauth", "squidauth-pam"} {
		made, err := filepath.Glob(filepath.Join(checkout, "dist", name+"_*.deb"))
		if err != nil {
			t.Fatal(err)
		}
		if len(made) == 0 && name == "squidauth-pam" {
			e2e.Lacking(t, "no squidauth-pam was made: gcc and libpam0g-dev are needed; run e2e/install.sh as root")
		}
		// There is no tag: the time of newCheckout's commit, the commit, and nothing "dirty".
		want := regexp.MustCompile(`^` + name + `_0\.0\+git20260102030405\.[0-9a-f]{12}-1_` + runtime.GOARCH + `\.deb$`)
		if len(made) != 1 || !want.MatchString(filepath.Base(made[0])) {
			t.Fatalf("made were %q, want one like %s", made, want)
		}
		if err := os.Rename(made[0], filepath.Join(folder, name+".deb")); err != nil {
			t.Fatal(err)
		}
	}
	if out := e2e.OnOtherMachineWith(t, folder, string(script)); out != "" {
		t.Errorf("printed %s", out)
	}
}

// makeIn runs make in a checkout. Variables that the tests' own make was given are not for it.
func makeIn(t *testing.T, checkout string, args ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), packagingTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, e2e.Need(t, "make"), append([]string{"-C", checkout}, args...)...)
	cmd.WaitDelay = 10 * time.Second // for the programs that it started
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return slices.ContainsFunc([]string{"MAKE", "MFLAGS=", "VERSION=", "GIT_"}, func(of string) bool { return strings.HasPrefix(v, of) })
	})
	started := time.Now()
	out, err := cmd.CombinedOutput()
	t.Logf("make %s took %s", args[0], time.Since(started).Round(time.Second))
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// newCheckout returns a git checkout with this one's tracked files as they are now, in one
// commit without a tag. In this one other tests use bin and dist at the same time.
func newCheckout(t *testing.T) string {
	t.Helper()
	checkout := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(git(t, "..", "ls-files", "-z"), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(checkout, name), filepath.Join("..", name)); err != nil {
			t.Fatal(err)
		}
	}
	git(t, checkout, "init", "-q")
	git(t, checkout, "add", "--all", "--force")
	git(t, checkout, "commit", "-q", "-m", "what is tested")
	return checkout
}

// copyFile copies a file and its mode; one that was deleted is nothing to copy.
func copyFile(to, from string) error {
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode().Perm())
}

// git runs git in a folder, whoever owns that and whatever its user has set up, and returns
// what it prints. Commits are of one time.
func git(t *testing.T, folder string, args ...string) string {
	t.Helper()
	cmd := exec.Command(e2e.Need(t, "git"), append([]string{"-C", folder, "-c", "safe.directory=*",
		"-c", "user.name=squidauth", "-c", "user.email=squidauth@localhost"}, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	cmd.Env = append(cmd.Env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = exit.Stderr
		}
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
