//go:build unix

package e2e

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Programs builds our helpers, each at most once, into a folder from which
// Squid can run them. SQUIDAUTH_BIN in the environment replaces the building:
// it names a folder that holds the helpers, or one helper; the go command must
// then be told with -count=1 that the test depends on more than its sources.
// The methods may be called concurrently.
type Programs struct {
	mu   sync.Mutex
	dir  string
	done map[string]error
}

// Path returns the path of the helper called name, such as "basic".
func (p *Programs) Path(t testing.TB, name string) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.prepare(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(p.dir, name)
	err, tried := p.done[name]
	if !tried {
		err = provide(path, name)
		p.done[name] = err
	}
	if err != nil {
		t.Fatalf("no helper %s: %v", name, err)
	}
	return path
}

// As returns the path of a symbolic link called alias to the helper called
// name: a helper that finds itself called by a C helper's name takes that
// helper's command line.
func (p *Programs) As(t testing.TB, name, alias string) string {
	t.Helper()
	p.Path(t, name)
	link := filepath.Join(p.dir, alias)
	if err := os.Symlink(name, link); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	return link
}

// Remove deletes what was built. Call it at the end of TestMain.
func (p *Programs) Remove() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}

func (p *Programs) prepare() error {
	if p.dir != "" {
		return nil
	}
	dir, err := newDir()
	p.dir, p.done = dir, make(map[string]error)
	return err
}

// provide puts the helper called name at path. A ready-made one is copied
// rather than linked: user proxy may be locked out of the folder it is in.
func provide(path, name string) error {
	source := os.Getenv("SQUIDAUTH_BIN")
	if source == "" {
		if err := lookAtSources(); err != nil {
			return err
		}
		return build(path, name)
	}
	if info, err := os.Stat(source); err != nil {
		return fmt.Errorf("SQUIDAUTH_BIN: %w", err)
	} else if info.IsDir() {
		source = filepath.Join(source, name)
	}
	return copyProgram(path, source)
}

// build builds a helper as the Makefile does: basic-db is basic with the drivers of
// databases.
func build(path, name string) error {
	tags, pkg := "nodb", "squidauth/cmd/"+name
	if name == "basic-db" {
		tags, pkg = "", "squidauth/cmd/basic"
	}
	cmd := exec.Command("go", "build", "-tags", tags, "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return os.Chmod(path, 0o755) // whatever the umask is
}

// lookAtSources makes the go command run the tests again when a source file of
// the module has changed. It would otherwise show the result of the last run
// ("cached"), as it knows what files a test looks at, but not what files the go
// build looks at that a test starts.
func lookAtSources() error {
	// A test runs in the folder of its package.
	return filepath.WalkDir(moduleRoot(), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // somebody is at work in the module
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			return nil
		case strings.HasSuffix(path, ".go"), entry.Name() == "go.mod", entry.Name() == "go.sum":
			_, err = os.Stat(path)
		}
		return err
	})
}

// moduleRoot returns the folder above the working directory that has the go.mod.
func moduleRoot() string {
	for dir := "."; ; dir = filepath.Join("..", dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if abs, err := filepath.Abs(dir); err != nil || abs == "/" {
			return "."
		}
	}
}

func copyProgram(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Chmod(to, 0o755) // whatever the umask is
}
