//go:build unix

package rcache

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"squidauth/helper/doctor"
	"squidauth/helper/doctor/doctortest"
)

// TestExamine: each kind of cache; nothing is made.
func TestExamine(t *testing.T) {
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	if err := os.WriteFile(open, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for option, c := range map[string]struct{ want, cure string }{
		"file:" + filepath.Join(dir, "cache"):     {"", ""},
		"file:" + filepath.Join(dir, "no/folder"): {"fault replay-cache", "install -d"},
		"file:" + dir:  {"fault replay-cache", "--replay-cache file:"},
		"file:" + open: {"fault replay-cache", "rm -f " + open},
		"memory":       {"note replay-memory", "--replay-cache file"},
		"none":         {"warning no-replay-cache", "--replay-cache file"},
		"fiel":         {"fault replay-cache", "--replay-cache file"},
	} {
		examine := func(_ context.Context, r *doctor.Report) {
			Examine(r, option, func(string) (string, bool) { return "", false })
		}
		doctortest.Want(t, option, doctortest.Func(examine), c.want, c.cure)
	}
	if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
		t.Errorf("it made %v, %v", left, err)
	}
}
