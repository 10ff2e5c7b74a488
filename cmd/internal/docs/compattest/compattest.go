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
	Options   []string // all that it has, as they are written: "-b", "--dsn"
	Translate func(name string, args []string) Result

	// Open opens our helper with that command line, as far as that needs no peer; nil:
	// it is not tried.
	Open func(name string, args []string) error

	// Files are what the command lines name below /etc/squid, by their names, and what
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
//	the options, each between backquotes; a word more than one is a whole command line
//	if it begins with the program's name
//	same, improved, ignored or refused
//	words of our own command line between backquotes, and what is said between quotes
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
		if frame == nil {
			continue
		}
		for _, cells := range table.Rows {
			r, err := readRow(frame, cells)
			if err != nil {
				t.Errorf("%s, table at line %d: %v", Page, table.Line, err)
				continue
			}
			for _, args := range r.lines {
				rows++
				t.Run(strings.Join(args, " "), func(t *testing.T) { p.check(t, r, args) })
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
	return words[1:]
}

// A row is one line of a table.
type row struct {
	lines   [][]string // command lines, without the program's name
	without []string   // the command line without what the row is about
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
		r.lines = append(r.lines, slices.Concat(frame[:at], words, frame[at+1:]))
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

func (p Program) check(t *testing.T, r row, args []string) {
	etc := p.etc(t)
	with := p.Translate(p.Name, underEtc(args, etc))
	if r.verdict == refused {
		checkRefused(t, r, with)
		return
	}
	if with.Err != nil {
		t.Fatalf("refused: %v", with.Err)
	}
	checkNotes(t, r.said, with.Notes)
	words := slices.Clone(with.Words)
	for i, word := range words {
		words[i] = strings.ReplaceAll(word, etc, "/etc/squid")
	}
	if r.verdict == ignored {
		without := p.Translate(p.Name, underEtc(r.without, etc))
		if without.Err != nil || !slices.Equal(without.Words, with.Words) {
			t.Errorf("it has an effect: %q with it, %q without, %v", with.Words, without.Words, without.Err)
		}
	} else if len(r.becomes) == 0 {
		t.Error("the row does not say what becomes of it")
	}
	for _, sequence := range r.becomes {
		if !contains(words, sequence) {
			t.Errorf("becomes %q, in which there is no %q", words, sequence)
		}
	}
	if p.Open != nil {
		if err := p.Open(p.Name, underEtc(args, etc)); err != nil {
			t.Errorf("our helper refuses it: %v", err)
		}
	}
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

// etc makes the folder that stands for /etc/squid.
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

func underEtc(args []string, dir string) (out []string) {
	for _, a := range args {
		out = append(out, strings.ReplaceAll(a, "/etc/squid", dir))
	}
	return out
}

func contains(words, sequence []string) bool {
	for i := range words {
		if i+len(sequence) <= len(words) && slices.Equal(words[i:i+len(sequence)], sequence) {
			return true
		}
	}
	return false
}
