package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrite has the bill of the test itself written, which is a Go program as others are.
func TestWrite(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := write(&first, "1.2", []string{self}); err != nil {
		t.Fatal(err)
	}
	if err := write(&second, "1.2", []string{self}); err != nil || first.String() != second.String() {
		t.Errorf("the same is not the same twice: %v", err)
	}
	var b bill
	if err := json.Unmarshal(first.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	whole := b.Metadata.Component
	if b.Format != "CycloneDX" || b.SpecVersion != "1.5" || whole.Name != "squidauth" || whole.Version != "1.2" {
		t.Errorf("%+v", b)
	}
	if len(whole.Components) != 1 || whole.Components[0].Name != filepath.Base(self) || len(whole.Components[0].Hashes[0].Content) != 64 {
		t.Errorf("programs %+v", whole.Components)
	}
	if len(b.Components) == 0 || !strings.HasPrefix(b.Components[0].PURL, "pkg:golang/std@1.") {
		t.Errorf("parts %+v", b.Components)
	}
}

func TestNoProgram(t *testing.T) {
	for _, path := range []string{"main.go", "none"} {
		if err := write(io.Discard, "1.2", []string{path}); err == nil {
			t.Errorf("%s has a bill", path)
		}
	}
}

func TestSum(t *testing.T) {
	if got := sum("h1:AAECAw=="); len(got) != 1 || got[0] != (hash{"SHA-256", "00010203"}) {
		t.Errorf("got %v", got)
	}
	for _, none := range []string{"", "h1:", "h1:*"} {
		if got := sum(none); got != nil {
			t.Errorf("%q is %v", none, got)
		}
	}
}
