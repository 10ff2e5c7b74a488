//go:build unix

package ncsa

import (
	"os"
	"slices"
	"strings"
	"testing"

	"squidauth/helper/doctor"
)

// strong is a hash of bcrypt.
const strong = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

// TestExamine has a file with one fault each, and what it is to be called.
func TestExamine(t *testing.T) {
	const des = "abJnggxhB/yWI"
	for _, c := range []struct {
		content    string
		mode       os.FileMode
		ignoreCase bool
		want, cure string
	}{
		{"bob:" + strong + "\n", 0o640, false, "", ""},
		{"bob:" + strong + "\n", 0o644, false, "warning password-file-open", "chmod 640 "},
		{"bob:" + strong + "\n", 0o646, false, "fault password-file-writable", "chmod 640 "},
		{"", 0o600, false, "fault password-file-empty", "htpasswd -B "},
		{"nonsense\n", 0o600, false, "fault password-file-unusable", "htpasswd -B "},
		{"# nobody\n", 0o600, false, "warning password-file-nobody", "htpasswd -B "},
		{"bob:" + strong + "\nnonsense\n", 0o600, false, "warning password-file-lines", "remove"},
		{"bob:" + strong + "\neve:!" + "\n", 0o600, false, "warning password-file-hashes", " eve"},
		{"bob:" + strong + "\nbob:" + strong + "\n", 0o600, false, "warning password-file-twice", "all lines of these users but one"},
		{"Bob:" + strong + "\n", 0o600, false, "warning capital-names", "casesensitive on"},
		{"Bob:" + strong + "\n", 0o600, true, "", ""},
		{"Bob:" + strong + "\nbob:" + strong + "\n", 0o600, true, "warning twin-names", "rename"},
		{"bob:" + des + "\n", 0o600, false, "warning weak-hashes", "htpasswd -B "},
		{"bob:" + md5hex("x") + "\n", 0o600, false, "warning weak-hashes", " bob"},
	} {
		f := open(t, c.content, Options{IgnoreCase: c.ignoreCase})
		if err := os.Chmod(f.path, c.mode); err != nil {
			t.Fatal(err)
		}
		var r doctor.Report
		f.Examine(t.Context(), &r)
		bad := slices.DeleteFunc(r.Findings(), func(f doctor.Finding) bool { return f.Severity == doctor.Good })
		var got []string
		for _, b := range bad {
			got = append(got, string(b.Severity)+" "+b.Code)
			if !strings.Contains(b.Cure, c.cure) || b.Why == "" || !strings.HasPrefix(b.Where, f.path) {
				t.Errorf("%q: %+v", c.content, b)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%q: got %q, want %q", c.content, got, c.want)
		}
	}
}

// TestExamineNames: who has a weak hash is named, and some of many.
func TestExamineNames(t *testing.T) {
	f := open(t, "b:"+md5hex("x")+"\na:"+md5hex("x")+"\nc:{SHA}C6Vdj3/J6Ip1FAePHL6r5U2c4Pc=\nd:abJnggxhB/yWI\ne:"+strong+"\n", Options{})
	var r doctor.Report
	f.Examine(t.Context(), &r)
	i := slices.IndexFunc(r.Findings(), func(f doctor.Finding) bool { return f.Code == "weak-hashes" })
	const want = "hashes that are quickly guessed: 1 by DES, which knows 8 characters of a password; 2 by md5hex without salt; 1 by sha1 without salt (a, b, c, …)"
	if i < 0 || r.Findings()[i].What != want {
		t.Errorf("%+v", r.Findings())
	}
	for _, secret := range []string{md5hex("x"), strong} {
		for _, f := range r.Findings() {
			if strings.Contains(f.What+f.Why+f.Cure, secret) {
				t.Errorf("a hash is told: %+v", f)
			}
		}
	}
}
