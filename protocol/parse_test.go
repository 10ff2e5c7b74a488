package protocol

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestParseReplyTable holds the parser against lines whose meaning to Squid is
// known.
func TestParseReplyTable(t *testing.T) {
	for _, c := range replyTable(t) {
		got := ParseReply([]byte(c.line))
		var notes []string
		for _, n := range got.Notes {
			notes = append(notes, strconv.Quote(n.Key+"="+n.Value))
		}
		if got.Result.String() != c.result || strings.Join(notes, " ") != c.notes || got.Other != c.other {
			t.Errorf("%q: got %v %v %q, want %s %s %q", c.line, got.Result, notes, got.Other, c.result, c.notes, c.other)
		}
	}
}

func TestNote(t *testing.T) {
	p := ParseReply([]byte("OK tag=a tag=b"))
	if v, ok := p.Note("tag"); v != "a" || !ok {
		t.Errorf("first tag: %q, %v", v, ok)
	}
	if _, ok := p.Note("user"); ok {
		t.Error("a note that is not there was found")
	}
}

type replyCase struct{ line, result, notes, other string }

func replyTable(t testing.TB) []replyCase {
	t.Helper()
	f, err := os.Open("testdata/replies.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var cases []replyCase
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		col := strings.Split(s.Text(), " | ")
		last := strings.TrimSuffix(strings.TrimSpace(strings.Join(col[2:], " | ")), "|")
		notes, other, _ := strings.Cut(last, "|")
		c := replyCase{line: unquote(t, col[0]), result: strings.TrimSpace(col[1]), notes: strings.TrimSpace(notes)}
		if other = strings.TrimSpace(other); other != "" {
			c.other = unquote(t, other)
		}
		cases = append(cases, c)
	}
	if len(cases) < 50 {
		t.Fatalf("only %d cases in the table", len(cases))
	}
	return cases
}

func unquote(t testing.TB, s string) string {
	t.Helper()
	u, err := strconv.Unquote(strings.TrimSpace(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return u
}
