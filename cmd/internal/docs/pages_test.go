package docs

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func all(t *testing.T) []*Document {
	t.Helper()
	list, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLinks follows all links between our files, to their anchors too.
func TestLinks(t *testing.T) {
	pages := all(t)
	for _, d := range pages {
		for _, l := range d.Links {
			if strings.HasPrefix(l.Target, "http://") || strings.HasPrefix(l.Target, "https://") {
				continue
			}
			if err := follow(root(t), pages, d, l.Target); err != nil {
				t.Errorf("%s:%d: %s: %v", d.Path, l.Line, l.Target, err)
			}
		}
	}
}

var errNoAnchor = errors.New("there is no such heading")

func follow(root string, pages []*Document, from *Document, target string) error {
	file, anchor, _ := strings.Cut(target, "#")
	to := from.Path
	if file != "" {
		to = path.Join(path.Dir(from.Path), file)
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil {
		return err
	}
	if anchor == "" {
		return nil
	}
	for _, d := range pages {
		if d.Path == to && slices.Contains(d.Anchors, anchor) {
			return nil
		}
	}
	return errNoAnchor
}

// TestReached: every page can be reached from the front page, and that from README.md.
func TestReached(t *testing.T) {
	linked := map[string]bool{"README.md": true}
	for _, d := range all(t) {
		if d.Path != "README.md" && d.Path != "docs/index.md" {
			continue
		}
		for _, l := range d.Links {
			file, _, _ := strings.Cut(l.Target, "#")
			linked[d.Path+" "+path.Join(path.Dir(d.Path), file)] = true
		}
	}
	if !linked["README.md docs/index.md"] {
		t.Error("README.md does not link to docs/index.md")
	}
	for _, d := range all(t) {
		if strings.HasPrefix(d.Path, "docs/") && d.Path != "docs/index.md" && !linked["docs/index.md "+d.Path] {
			t.Errorf("docs/index.md does not link to %s", d.Path)
		}
	}
}

// TestNames: the names on the page are those that make install links.
func TestNames(t *testing.T) {
	list, err := os.ReadFile(filepath.Join(root(t), "cmd", "internal", "packaging", "drop-in.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(list)) {
		if words := strings.Fields(line); len(words) == 2 && !strings.HasPrefix(line, "#") {
			want = append(want, words[0]+" "+words[1])
		}
	}
	var got []string
	for _, row := range tableUnder(t, "docs/compatibility.md", "Names").Rows {
		for _, name := range Spans(row[0]) {
			got = append(got, name+" "+Spans(row[1])[0])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the page has\n%s\nand make install\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// tableUnder returns the first table under a heading.
func tableUnder(t *testing.T, page, section string) Table {
	t.Helper()
	d, err := One(page)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(d.Tables, func(table Table) bool { return table.Section == section })
	if i < 0 {
		t.Fatalf("%s has no table under %q", page, section)
	}
	return d.Tables[i]
}

// TestTests: the tests that pages name exist.
func TestTests(t *testing.T) {
	tests := testNames(t)
	for _, d := range all(t) {
		for _, span := range Spans(d.Prose) {
			if testName.MatchString(span) && !tests[span] {
				t.Errorf("%s: there is no test %s", d.Path, span)
			}
		}
	}
}

var (
	testName = regexp.MustCompile(`^Test[A-Z]\w*$`)
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
)

// testNames returns the names of all tests of the module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(root(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range testFunc.FindAllSubmatch(source, -1) {
			names[string(m[1])] = true
		}
		return nil
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("%d tests, %v", len(names), err)
	}
	return names
}

// TestPlaces: pages say nothing of the machine that they were written on.
func TestPlaces(t *testing.T) {
	for _, d := range all(t) {
		text := d.Prose
		for _, b := range d.Blocks {
			text += strings.Join(b.Lines, "\n")
		}
		for _, word := range []string{"/root/", "TODO", "FIXME"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: %s", d.Path, word)
			}
		}
	}
}

// TestReasons: each reason code of the source is in the list, and no other.
func TestReasons(t *testing.T) {
	inSource := map[string]bool{}
	err := filepath.WalkDir(root(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range reasonConstant.FindAllSubmatch(source, -1) {
			inSource[string(m[1])] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, row := range tableUnder(t, "docs/troubleshooting.md", "Reasons").Rows {
		for _, reason := range Spans(row[0]) {
			listed[reason] = true
		}
	}
	for reason := range inSource {
		if !listed[reason] {
			t.Errorf("the list of reasons lacks %s", reason)
		}
	}
	for reason := range listed {
		if !inSource[reason] {
			t.Errorf("the list of reasons has %s, which no source file has", reason)
		}
	}
}

// reasonConstant is how reasons are declared.
var reasonConstant = regexp.MustCompile(`(?:Reason\w* *= *|notVerified *= *|\breason\w* *= *|Reason\(|Reason: *)"([a-z][a-z-]*[a-z])"`)
