//go:build unix

package child

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/helper/doctor"
	"squidauth/helper/doctor/doctortest"
)

// TestExamine: an idle program is started by the examination, and not before.
func TestExamine(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command []string
		args    []string
		want    string
		cure    string
	}{
		{nil, nil, "good child", ""},
		{[]string{lookPath(t, "false"), "secret"}, nil, "fault child-ends", "start it by hand"},
		{[]string{"/no/such/program"}, nil, "fault child-missing", "install it"},
		{[]string{file}, nil, "fault child-missing", "chmod 755 " + file},
		{nil, []string{"banner", filepath.Join(dir, "spoke")}, "fault child-talks", "of this scheme"},
	} {
		s := newStage(t, Config{Command: c.command, Idle: true}, c.args...)
		if s.now != nil {
			t.Errorf("%v was started", c.command)
		}
		s.isRoot = false
		var r doctor.Report
		s.Examine(t.Context(), &r)
		f := r.Findings()
		if len(f) != 1 || string(f[0].Severity)+" "+f[0].Code != c.want || !strings.Contains(f[0].Cure, c.cure) || strings.Contains(f[0].What, "secret") {
			t.Errorf("%v: %+v", c.command, f)
		}
	}
}

// TestExamineAsRoot starts nothing.
func TestExamineAsRoot(t *testing.T) {
	s := newStage(t, Config{Idle: true})
	s.isRoot = true
	doctortest.Want(t, "root", s, "note child-as-root", "--user")
	if s.now != nil {
		t.Error("it was started")
	}
}
