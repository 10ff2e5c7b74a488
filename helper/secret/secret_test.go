package secret

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"good": "s3cret \r\n", "lines": "s3cret\n\n", "empty": "\n", "two": "a\nb\n", "long": strings.Repeat("x", maxSize+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("SECRET", "from the environment")
	for _, c := range []struct{ word, want, problem string }{
		{dir + "/good", "s3cret ", ""},
		{"file:" + dir + "/good", "s3cret ", ""},
		{dir + "/lines", "s3cret", ""},
		{"credential:good", "s3cret ", ""},
		{"env:SECRET", "from the environment", ""},
		{"env:NO_SUCH_VARIABLE", "", `the environment variable "NO_SUCH_VARIABLE" is empty`},
		{"credential:../good", "", "is no name of a credential"},
		{"credential:..", "", "is no name of a credential"},
		{"credential:missing", "", "no such file"},
		{dir + "/empty", "", "is empty"},
		{dir + "/two", "", "more than one line"},
		{dir + "/long", "", "more than 1024 bytes"},
		{"", "", "names no file"},
	} {
		s, err := Open(c.word, Config{Kind: "password", Log: slog.New(slog.DiscardHandler)})
		got := ""
		if err == nil {
			value, err2 := s.Current(context.Background())
			got, err = string(value), err2
		}
		switch {
		case c.problem == "" && (err != nil || got != c.want):
			t.Errorf("%s: %q, %v", c.word, got, err)
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%s: %v", c.word, err)
		}
	}
}

func TestCredentialsWithoutSystemd(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if _, err := Open("credential:x", Config{}); err == nil || !strings.Contains(err.Error(), "LoadCredential=") {
		t.Error(err)
	}
}

// TestChange: a file that changes gives another secret, and no secret is printed.
func TestChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	s, err := Open(path, Config{Kind: "password", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := s.file.Latest(context.Background())
	if err != nil || string(*got) != "s3cret" {
		t.Errorf("%v", err)
	}
	if fixed := Fixed("s3cret"); strings.Contains(fmt.Sprintf("%v %+v %#v", fixed, *fixed, *got), "s3cret") {
		t.Error("a secret is printed")
	}
}
