//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Namespace is a view of the file system in which some paths are the test's own. It
// needs root.
type Namespace struct {
	dir    string
	prefix []string
}

// NewNamespace puts each content in the place of the file at its path, which must be
// there. A path that ends in a slash is a folder, whose files' contents follow their
// names: each begins a line "-- NAME --".
func NewNamespace(t testing.TB, contents map[string]string) *Namespace {
	t.Helper()
	if os.Getuid() != 0 {
		Lacking(t, "only root can give a program files of its own in /etc")
	}
	if out, err := exec.Command(Need(t, "unshare"), "-m", "true").CombinedOutput(); err != nil {
		Lacking(t, "no mount namespaces here: %v: %s", err, out)
	}
	n := &Namespace{dir: Dir(t)}
	var mounts []string
	for path, content := range contents {
		source := filepath.Join(n.dir, strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"))
		if strings.HasSuffix(path, "/") {
			writeFolder(t, source, content)
		} else if err := os.WriteFile(source, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		mounts = append(mounts, "mount --bind "+source+" "+path)
	}
	n.prefix = []string{"unshare", "-m", "sh", "-c", strings.Join(mounts, " && ") + ` && exec "$@"`, "sh"}
	return n
}

// Command returns the command line that runs another in the namespace.
func (n *Namespace) Command(words ...string) []string {
	return append(n.prefix[:len(n.prefix):len(n.prefix)], words...)
}

func writeFolder(t testing.TB, dir, content string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split("\n"+content, "\n-- ")[1:] {
		name, text, _ := strings.Cut(part, " --\n")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
