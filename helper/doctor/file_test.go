//go:build unix

package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFile: what is wrong with a file, and the command that mends it.
func TestFile(t *testing.T) {
	user, group := Self()
	if user == "" || group == "" {
		t.Fatal("nobody")
	}
	mode := func(m os.FileMode) func(string) error {
		return func(path string) error { return os.Chmod(path, m) }
	}
	for _, c := range []struct {
		name    string
		prepare func(path string) error
		want    string
		cure    string
	}{
		{"good", mode(0o640), "good keytab-file", ""},
		{"open", mode(0o644), "warning keytab-open", "chgrp " + group + " "},
		{"writable", mode(0o646), "fault keytab-writable", "chmod 640 "},
		{"missing", os.Remove, "fault keytab-missing", "make it"},
		{"a pipe", func(path string) error {
			_ = os.Remove(path)
			return syscall.Mkfifo(path, 0o600)
		}, "fault keytab-no-file", "make it"},
		{"a folder", func(path string) error {
			_ = os.Remove(path)
			return os.Mkdir(path, 0o700)
		}, "fault keytab-no-file", "make it"},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.prepare(path); err != nil {
			t.Fatal(err)
		}
		var r Report
		ok := r.File(File{Path: path, Kind: "keytab", Make: "make it", Harm: "harm", Forgery: "forgery"})
		f := r.Findings()[0]
		if got := string(f.Severity) + " " + f.Code; got != c.want || !strings.Contains(f.Cure, c.cure) || f.Where != path || f.What == "" {
			t.Errorf("%s: %+v", c.name, f)
		}
		if ok != strings.Contains("keytab-file keytab-open keytab-writable", f.Code) {
			t.Errorf("%s: readable %v", c.name, ok)
		}
	}
	var r Report
	path := filepath.Join(t.TempDir(), "public")
	if err := os.WriteFile(path, nil, 0o644); err != nil || !r.File(File{Path: path, Kind: "ca"}) || r.Count(Good) != 1 {
		t.Errorf("%+v, %v", r.Findings(), err)
	}
}

// TestUnreadable: it is the file, or a folder on the way to it. Root can read all.
func TestUnreadable(t *testing.T) {
	denied := &os.PathError{Op: "open", Path: "f", Err: syscall.EACCES}
	f := File{Path: filepath.Join(t.TempDir(), "file"), Kind: "keytab"}.unreadable(denied)
	if f.Code != "keytab-unreadable" || !strings.Contains(f.Cure, "&& chmod 640 ") {
		t.Errorf("%+v", f)
	}
	if os.Geteuid() == 0 {
		return
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(folder, 0o700)
	f = File{Path: filepath.Join(folder, "file"), Kind: "keytab"}.unreadable(denied)
	if !strings.Contains(f.Cure, "chmod g+x "+folder) {
		t.Errorf("%+v", f)
	}
}
