package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrite has the licences of the test itself written, which is a Go program as others are.
func TestWrite(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "LICENSE")
	if err := os.WriteFile(own, []byte("Do as you like.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := write(&b, own, []string{self}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Do as you like.\n", "\nGo (LICENSE)\n", "The Go Authors"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestRefused(t *testing.T) {
	if err := write(io.Discard, "none", nil); err == nil {
		t.Error("no licence of our own, and no error")
	}
	if err := write(io.Discard, "main.go", []string{"main.go"}); err == nil {
		t.Error("what is no program has licences")
	}
	if err := writeModule(io.Discard, "example.test/module", t.TempDir()); err == nil {
		t.Error("a module without a licence, and no error")
	}
}
