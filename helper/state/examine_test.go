//go:build unix

package state

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/helper/doctor"
)

// TestExamine: what is there and what would be made are fit or not, and nothing is made.
func TestExamine(t *testing.T) {
	parent := t.TempDir()
	folder := filepath.Join(parent, "state")
	examine := func() doctor.Finding {
		t.Helper()
		var r doctor.Report
		Examine(&r, folder, "a.lock", "700", doctor.Finding{Severity: doctor.Warning, Code: "state-dir"})
		return r.Findings()[0]
	}
	if f := examine(); f.Severity != doctor.Good {
		t.Errorf("%+v", f)
	}
	if left, err := os.ReadDir(parent); len(left) > 0 || err != nil {
		t.Errorf("it made %v, %v", left, err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if f := examine(); f.Severity != doctor.Good {
		t.Errorf("%+v", f)
	}
	if left, err := os.ReadDir(folder); len(left) > 0 || err != nil {
		t.Errorf("it made %v, %v", left, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "a.lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f := examine(); f.Severity != doctor.Good {
		t.Errorf("%+v", f)
	}
	if err := os.Chmod(filepath.Join(folder, "a.lock"), 0o666); err != nil {
		t.Fatal(err)
	}
	if f := examine(); f.Severity != doctor.Warning || f.Cure != "rm "+folder+"/a.lock" {
		t.Errorf("%+v", f)
	}
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if f := examine(); f.Code != "state-dir" || !strings.HasPrefix(f.Cure, "install -d ") {
		t.Errorf("%+v", f)
	}
}
