package docs

import (
	"reflect"
	"strings"
	"testing"
)

const page = "# A page: `x`\n" +
	"Text with [a link](other.md#part) and `[none](x)`.\n" +
	"    no block, as the text goes on\n\n" +
	"     one\n" +
	"     two\n\n" +
	"      three\n" +
	"## Part\n" +
	"| a | b |\n| --- | --: |\n| `x\\|y` | |\n\n" +
	"## Part\n```ini\nfenced\n```\n"

func TestParse(t *testing.T) {
	d := Parse("docs/x.md", page)
	want := &Document{
		Path:    "docs/x.md",
		Anchors: []string{"a-page-x", "part", "part-1"},
		Links:   []Link{{2, "other.md#part"}},
		Blocks: []Block{
			{5, "A page: `x`", "", []string{"one", "two", " three"}},
			{16, "Part", "ini", []string{"fenced"}},
		},
		Tables: []Table{{10, "Part", []string{"a", "b"}, [][]string{{"`x|y`", ""}}}},
	}
	d.Prose = ""
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got  %+v\nwant %+v", d, want)
	}
}

func TestSpans(t *testing.T) {
	if got := strings.Join(Spans("a `b c` d `e`"), "|"); got != "b c|e" {
		t.Error(got)
	}
}

// TestAll: there is something to test.
func TestAll(t *testing.T) {
	all, err := All()
	if err != nil || len(all) < 10 || all[0].Path != "README.md" {
		t.Fatalf("%d documents, %v", len(all), err)
	}
	for _, d := range all {
		if len(d.Anchors) == 0 {
			t.Errorf("%s has no heading", d.Path)
		}
	}
}
