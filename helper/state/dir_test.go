package state

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultDir(t *testing.T) {
	for value, want := range map[string]string{"/run/user/7": "/run/user/7/squidauth", "": "squidauth-", "relative": "squidauth-"} {
		got := DefaultDir(func(string) (string, bool) { return value, value != "" })
		if !strings.Contains(got, want) || !filepath.IsAbs(got) {
			t.Errorf("%q: %s", value, got)
		}
	}
}
