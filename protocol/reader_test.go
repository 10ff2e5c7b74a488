package protocol

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", 100)
	in := "one\n" + "two\r\n" + "\n" + "7 " + long + "\n" + "exactly 15 long\n" + "three\nunfinished"
	want := []struct {
		line string
		err  error
	}{
		{"one", nil},
		{"two", nil},
		{"", nil},
		{"7 " + long[:14], ErrTooLong},
		{"exactly 15 long", nil},
		{"three", nil},
		{"", io.EOF},
		{"", io.EOF},
	}
	readers := map[string]io.Reader{
		"whole": strings.NewReader(in),
		"bytes": iotest.OneByteReader(strings.NewReader(in)),
		"late":  iotest.DataErrReader(strings.NewReader(in)),
	}
	for name, src := range readers {
		r := NewReader(src, 15)
		for i, w := range want {
			line, err := r.ReadLine()
			if string(line) != w.line || !errors.Is(err, w.err) {
				t.Errorf("%s: line %d: got %q, %v; want %q, %v", name, i, line, err, w.line, w.err)
			}
		}
	}
}

func TestLongLineKeepsItsChannelID(t *testing.T) {
	r := NewReader(strings.NewReader("18446744073709551615 "+strings.Repeat("x", 70000)+"\n"), MaxBasicLine)
	head, err := r.ReadLine()
	if id, _, ok := CutChannelID(head); string(id) != "18446744073709551615" || !ok || !errors.Is(err, ErrTooLong) {
		t.Errorf("got %q, %v", head, err)
	}
}

func TestReadErrorIsNoLine(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(io.MultiReader(strings.NewReader("half a line"), iotest.ErrReader(broken)), 100)
	if line, err := r.ReadLine(); line != nil || !errors.Is(err, broken) {
		t.Errorf("got %q, %v", line, err)
	}
}

// FuzzReader holds the reader against a plain split of the input: as many lines
// as there are LFs, each whole or, over the limit, known by its head.
func FuzzReader(f *testing.F) {
	f.Add([]byte("bob pw\nalice pw\n"), 20)
	f.Add([]byte("\n\r\n\r\r\n"), 16)
	f.Add(bytes.Repeat([]byte("7 x"), 100), 16)
	f.Add([]byte(strings.Repeat("y", 70)+"\nnext\n"), 32)
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		limit = 15 + limit&0xff
		r := NewReader(bytes.NewReader(in), limit)
		want := bytes.SplitAfter(in, []byte("\n"))
		for _, w := range want[:len(want)-1] {
			w = w[:len(w)-1]
			got, err := r.ReadLine()
			if len(w) > limit {
				if !errors.Is(err, ErrTooLong) || !bytes.HasPrefix(w, got) || len(got) != min(limit+1, headLen) {
					t.Fatalf("long line: got %q, %v", got, err)
				}
				continue
			}
			if err != nil || !bytes.Equal(got, bytes.TrimSuffix(w, []byte("\r"))) {
				t.Fatalf("got %q, %v; want %q", got, err, w)
			}
		}
		if got, err := r.ReadLine(); got != nil || !errors.Is(err, io.EOF) {
			t.Fatalf("at the end: %q, %v", got, err)
		}
	})
}
