// Package compattest holds the programs against docs/compatibility.md, whose tables are
// the test data: what is written there is what is tested.
package compattest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"squidauth/cmd/internal/docs"
)

// Page is the document with the tables.
const Page = "docs/compatibility.md"

// A Result is what a program of ours makes of another's command line.
type Result struct {
	Words []string // of our own command line, without the program's name
	Notes []string // what the operator is told
	Err   error
}

// A Program is one whose place ours takes.
type Program struct {
	Name      string
	Section   string   // the heading that its tables stand under; empty: whatever
	Options   []string // all that it has, as they are written: "-b", "--dsn"
	Translate func(name string, args []string) Result

	// Open opens our helper with that command line, as far as that needs no peer; nil:
	// it is not tried.
	Open func(name string, args []string) error

	// Files are what the command lines name in /etc/squid, by their names, and what
	// is in them.
	Files map[string]string
}

// What the second column says.
const (
	same     = "same"     // means the same here
	improved = "improved" // means the same, and does it better: the last column says how
	ignored  = "ignored"  // has no effect
	refused  = "refused"  // ends the program, with words
)

// gap stands in the head of a table where the words of a row go.
const gap = "…"

// Run tests each row of the program's table. A row has, from the left,
//
//	options, each with its value between backquotes, that go where the gap is; or whole
//	command lines, which begin with a program's name
//	same, improved, ignored or refused
//	words of our own command line between backquotes, in which the gap is any word or the
//	rest of one, and what is said between quotes
//	what there is to say of it
func Run(t *testing.T, p Program) {
	t.Helper()
	page, err := docs.One(Page)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	met := map[string]bool{}
	for _, table := range page.Tables {
		frame := frameOf(table, p.Name)
		if frame == nil || p.Section != "" && table.Section != p.Section {
			continue
		}
		for _, cells := range table.Rows {
			r, err := readRow(frame, cells)
			if err != nil {
				t.Errorf("%s, table at line %d: %v", Page, table.Line, err)
				continue
			}
			for _, line := range r.lines {
				rows++
				t.Run(strings.Join(line, " "), func(t *testing.T) { p.check(t, r, line) })
			}
			for _, option := range p.Options {
				met[option] = met[option] || r.isAbout(option)
			}
		}
	}
	if rows == 0 {
		t.Fatalf("%s has no table that begins with `%s`", Page, p.Name)
	}
	for _, option := range p.Options {
		if !met[option] {
			t.Errorf("%s: the table of %s has no row with %s", Page, p.Name, option)
		}
	}
}

// frameOf returns the command line in the head of a program's table; nil: this is not one.
func frameOf(table docs.Table, name string) []string {
	spans := docs.Spans(table.Header[0])
	if len(spans) == 0 {
		return nil
	}
	words, err := split(spans[0])
	if err != nil || len(words) == 0 || words[0] != name || !slices.Contains(words, gap) {
		return nil
	}
	return words
}

// A row is one line of a table.
type row struct {
	lines   [][]string // command lines
	without []string   // the command line in the head, without what the row is about
	words   []string   // the options themselves
	verdict string
	becomes [][]string // sequences of words
	said    []string
}

func readRow(frame, cells []string) (r row, err error) {
	if len(cells) < 3 {
		return r, fmt.Errorf("a row has too few cells: %q", cells)
	}
	r.verdict = cells[1]
	if !slices.Contains([]string{same, improved, ignored, refused}, r.verdict) {
		return r, fmt.Errorf("%s: %q is no verdict", cells[0], r.verdict)
	}
	at := slices.Index(frame, gap)
	r.without = slices.Concat(frame[:at], frame[at+1:])
	for _, span := range docs.Spans(cells[0]) {
		words, err := split(span)
		if err != nil {
			return r, err
		}
		r.words = append(r.words, words...)
		if isProgram(words[0]) {
			r.lines = append(r.lines, words)
		} else {
			r.lines = append(r.lines, slices.Concat(frame[:at], words, frame[at+1:]))
		}
	}
	if len(r.lines) == 0 {
		return r, fmt.Errorf("a row without an option: %q", cells)
	}
	for _, span := range docs.Spans(cells[2]) {
		words, err := split(span)
		if err != nil {
			return r, err
		}
		r.becomes = append(r.becomes, words)
	}
	r.said = quoted(cells[2])
	return r, nil
}

// isProgram reports whether a word is the name of a program: no option and no value has
// such a name in the tables.
func isProgram(word string) bool { return strings.HasSuffix(word, "_auth") }

// quoted returns what stands between quotes that are in no code.
func quoted(cell string) (list []string) {
	for i, outside := range strings.Split(cell, "`") {
		if i%2 == 1 {
			continue
		}
		for k, part := range strings.Split(outside, `"`) {
			if k%2 == 1 {
				list = append(list, part)
			}
		}
	}
	return list
}

// isAbout reports whether the row has an option, attached to a value or not.
func (r row) isAbout(option string) bool {
	return slices.ContainsFunc(r.words, func(word string) bool {
		return word == option || strings.HasPrefix(word, option) && (!strings.HasPrefix(option, "--") || strings.HasPrefix(word, option+"="))
	})
}

func (p Program) check(t *testing.T, r row, line []string) {
	etc := p.etc(t)
	with := p.translate(line, etc)
	if r.verdict == refused {
		checkRefused(t, r, with)
		return
	}
	if with.Err != nil {
		t.Fatalf("refused: %v", with.Err)
	}
	checkNotes(t, r.said, with.Notes)
	if r.verdict == ignored {
		without := p.translate(r.without, etc)
		if !slices.Equal(without.Words, with.Words) {
			t.Errorf("it has an effect: %q with it, %q without", with.Words, without.Words)
		}
	} else if len(r.becomes) == 0 {
		t.Error("the row does not say what becomes of it")
	}
	for _, sequence := range r.becomes {
		if !contains(with.Words, sequence) {
			t.Errorf("becomes %q, in which there is no %q", with.Words, sequence)
		}
	}
}

// translate returns what becomes of a command line, for which etc stands in the place of
// /etc/squid. What our helper itself refuses is an error like what the translation does.
func (p Program) translate(line []string, etc string) Result {
	var args []string
	for _, word := range line[1:] {
		args = append(args, strings.ReplaceAll(word, etcSquid, etc))
	}
	r := p.Translate(line[0], args)
	words := make([]string, len(r.Words))
	for i, word := range r.Words {
		words[i] = strings.ReplaceAll(word, etc, etcSquid)
	}
	r.Words = words
	tells := slices.Contains(words, "--help") || slices.Contains(words, "--version")
	if r.Err == nil && p.Open != nil && !tells {
		r.Err = p.Open(line[0], args)
	}
	return r
}

func checkRefused(t *testing.T, r row, got Result) {
	if got.Err == nil {
		t.Fatalf("not refused, but %q", got.Words)
	}
	if len(r.said) == 0 {
		t.Fatal("the row does not say with what words")
	}
	for _, text := range r.said {
		if !strings.Contains(got.Err.Error(), text) {
			t.Errorf("the words are %q, not %q", got.Err, text)
		}
	}
}

// checkNotes wants each text in a note, and no note without a text.
func checkNotes(t *testing.T, said, notes []string) {
	for _, note := range notes {
		if !slices.ContainsFunc(said, func(text string) bool { return strings.Contains(note, text) }) {
			t.Errorf("a note that the row does not have: %s", note)
		}
	}
	for _, text := range said {
		if !slices.ContainsFunc(notes, func(note string) bool { return strings.Contains(note, text) }) {
			t.Errorf("no note has %q: %q", text, notes)
		}
	}
}

// etcSquid is the folder that command lines name files in.
const etcSquid = "/etc/squid"

// etc makes the folder that stands for it.
func (p Program) etc(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range p.Files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contains reports whether the words of a pattern stand in words, one behind the other.
func contains(words, pattern []string) bool {
	for i := range words {
		if i+len(pattern) <= len(words) && slices.EqualFunc(words[i:i+len(pattern)], pattern, matches) {
			return true
		}
	}
	return false
}

// matches reports whether a word is that of a pattern, in which a gap is any end.
func matches(word, pattern string) bool {
	if beginning, open := strings.CutSuffix(pattern, gap); open {
		return strings.HasPrefix(word, beginning)
	}
	return word == pattern
}
