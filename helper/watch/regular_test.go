package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadRegular: all of the file, or an error that names it.
func TestReadRegular(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, want string
		limit      int64
	}{
		{path, "", 8},
		{path, "", 7},
		{path, "it is larger than 6 bytes", 6},
		{path, "it is larger than 0 bytes", 0},
		{dir, "it is not a regular file (a directory)", 7},
		{os.DevNull, "it is not a regular file (a device)", 7},
	} {
		content, err := ReadRegular(c.path, c.limit)
		switch {
		case c.want == "" && (err != nil || string(content) != "content"):
			t.Errorf("%+v: %q, %v", c, content, err)
		case c.want != "" && (content != nil || err == nil || err.Error() != "read "+c.path+": "+c.want):
			t.Errorf("%+v: %q, %v", c, content, err)
		}
	}
	if _, err := ReadRegular(path+"s", 7); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
}
