//go:build unix

package rcache

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// env is an environment.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	value, set := e[name]
	return value, set
}

func TestDefaultPath(t *testing.T) {
	name := fmt.Sprintf("/krb5_%d.rcache2", os.Geteuid())
	for _, c := range []struct {
		env  env
		want string
	}{
		{nil, "/var/tmp"},
		{env{"TMPDIR": "/t"}, "/t"},
		{env{"TMPDIR": "/t", "KRB5RCACHEDIR": "/r"}, "/r"},
		{env{"TMPDIR": "/t", "KRB5RCACHEDIR": ""}, ""}, // MIT's library: set to nothing is set
	} {
		if got := DefaultPath(c.env.lookup); got != c.want+name {
			t.Errorf("%v: %s", c.env, got)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	here := env{"KRB5RCACHEDIR": dir}
	with := func(name, value string) env { return env{"KRB5RCACHEDIR": dir, name: value} }
	dfl := "file " + DefaultPath(here.lookup)
	other := filepath.Join(dir, "o:ther")
	for _, c := range []struct {
		option string
		env    env
		want   string
	}{
		{"file", with("KRB5RCACHENAME", "none:"), dfl},
		{"file:" + other, here, "file " + other},
		{"memory", here, "memory"},
		{"none", here, "none"},
		{"", here, dfl},
		{"", with("KRB5RCACHENAME", "dfl:"), dfl},
		{"", with("KRB5RCACHENAME", "dfl:anything"), dfl},
		{"", with("KRB5RCACHENAME", "file2:"+other), "file " + other},
		{"", with("KRB5RCACHENAME", "none:"), "none"},
		{"", with("KRB5RCACHETYPE", "none"), "none"},
		{"", with("KRB5RCACHETYPE", "dfl"), dfl},
		{"", env{"KRB5RCACHENAME": "none:", "KRB5RCACHETYPE": "dfl"}, "none"},
		{"", with("KRB5RCACHETYPE", "file2"), "error: KRB5RCACHETYPE asks for file2 and names no file"},
		{"", with("KRB5RCACHENAME", "file2:"), "error: KRB5RCACHENAME asks for file2 and names no file"},
		{"", with("KRB5RCACHENAME", "none"), `error: KRB5RCACHENAME is "none"`},
		{"", with("KRB5RCACHENAME", ""), `error: KRB5RCACHENAME is ""`},
		{"", with("KRB5RCACHENAME", "FILE:/x"), `error: KRB5RCACHENAME is "FILE:/x"`},
		{"", with("KRB5RCACHETYPE", "io"), `error: KRB5RCACHETYPE is "io:"`},
		{"", with("KRB5RCACHEDIR", dir+"/no"), "its folder must exist"},
		{"file:", here, `error: "file:"`},
		{"files", here, `error: "files"`},
		{"memory:", here, `error: "memory:"`},
	} {
		if got := describe(Open(c.option, c.env.lookup, lifetime)); !strings.Contains(got, strings.TrimPrefix(c.want, "error: ")) {
			t.Errorf("%q, %v: %s, want %s", c.option, c.env, got, c.want)
		}
	}
}

func describe(c Cache, err error) string {
	switch c := c.(type) {
	case nil:
		return err.Error()
	case *File:
		defer c.Close()
		return "file " + c.path
	case *Memory:
		return "memory"
	case None:
		return "none"
	}
	return "?"
}
