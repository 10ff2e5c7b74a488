//go:build unix

package hashes

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/helper/doctor"
)

func TestExamine(t *testing.T) {
	const hash = "8846f7eaee8fb117ad06bdd830b7586c"
	for _, c := range []struct {
		content    string
		mode       os.FileMode
		want, cure string
	}{
		{"bob:" + hash + "\n", 0o640, "", ""},
		{"bob:" + hash + "\n", 0o644, "warning hash-file-open", "chmod 640"},
		{"bob:" + hash + "\n", 0o602, "fault hash-file-writable", "chmod 640"},
		{"", 0o600, "fault hash-file-empty", "ntlm hash add"},
		{"bob\n", 0o600, "fault hash-file-unusable", "ntlm hash add"},
		{"# nobody\n", 0o600, "warning hash-file-nobody", "ntlm hash add"},
		{"bob:" + hash + "\nBOB:" + hash + "\n", 0o600, "warning hash-file-lines", "mend or remove"},
	} {
		path := filepath.Join(t.TempDir(), "hashes")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		var r doctor.Report
		Open(path, Options{Log: slog.New(slog.DiscardHandler)}).Examine(t.Context(), &r)
		var bad []doctor.Finding
		for _, f := range r.Findings() {
			if f.Severity == doctor.Good {
				continue
			}
			bad = append(bad, f)
			if strings.Contains(f.What, hash) {
				t.Errorf("a hash is told: %+v", f)
			}
		}
		switch {
		case c.want == "" && len(bad) > 0:
			t.Errorf("%q: %+v", c.content, bad)
		case c.want != "" && (len(bad) != 1 || string(bad[0].Severity)+" "+bad[0].Code != c.want || !strings.Contains(bad[0].Cure, c.cure)):
			t.Errorf("%q: %+v, want %s", c.content, bad, c.want)
		}
	}
}
