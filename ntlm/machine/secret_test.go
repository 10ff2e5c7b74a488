package machine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseSecret(t *testing.T) {
	for content, want := range map[string]string{
		"one\n":                            "[one]",
		"one":                              "[one]",
		"one\r\ntwo\r\n":                   "[one two]",
		"one\n\ntwo\n":                     "[two one]", // the newer one first
		"\n\none\n\n\ntwo":                 "[two one]",
		"\none\ntwo\n":                     "[one two]",
		"":                                 "holds no password",
		"\n\n":                             "holds no password",
		"1\n2\n3\n":                        "has more than two passwords: it is not a secret file",
		"nthash:00\n":                      errNotText.Error(),
		"one\x00":                          errNotText.Error(),
		"one\xff":                          errNotText.Error(),
		strings.Repeat("x", maxPassword+1): errNotText.Error(),
	} {
		s, err := parseSecret([]byte(content))
		got := fmt.Sprint(s.candidates())
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.20q: %s, want %s", content, got, want)
		}
		if err == nil && fmt.Sprintf("%v %+v %#v", s, s, s) != "*** *** ***" {
			t.Errorf("%v", s)
		}
	}
}

// FuzzSecret: what is read is written so that it is read the same, and has the lines
// that package netlogon finds, which are those that are not empty.
func FuzzSecret(f *testing.F) {
	for _, seed := range []string{"one\n", "one\ntwo\n", "one\n\ntwo\n", "one\r\n\r\ntwo"} {
		if _, err := parseSecret([]byte(seed)); err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		s, err := parseSecret([]byte(content))
		if err != nil {
			if s != (secret{}) {
				t.Error("a secret with an error")
			}
			return
		}
		if again, err := parseSecret(s.marshal()); again != s || err != nil {
			t.Errorf("%q becomes %q", content, s.marshal())
		}
		var lines []string
		for line := range strings.Lines(content) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				lines = append(lines, line)
			}
		}
		found := []string{s.first}
		if s.second != "" {
			found = append(found, s.second)
		}
		if !slices.Equal(found, lines) {
			t.Errorf("%q is %q", content, found)
		}
	})
}
