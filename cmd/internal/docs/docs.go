// Package docs reads the project's own documentation, for tests that hold it against
// the programs.
package docs

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Document is a page in Markdown, as far as tests look at it.
type Document struct {
	Path    string // from the module's root, with slashes: "docs/ntlm.md"
	Anchors []string
	Blocks  []Block
	Tables  []Table
	Links   []Link
	Prose   string // all that is in no block
}

// A Block is an example: lines that are indented by four, or between fences.
type Block struct {
	Line     int    // of its beginning, from 1
	Section  string // the heading that it stands under
	Language string // behind the fence; empty: none is named
	Lines    []string
}

// A Table has cells as they are written, without the blanks around.
type Table struct {
	Line    int
	Section string
	Header  []string
	Rows    [][]string
}

// A Link leads to a file of ours, with or without an anchor, or elsewhere.
type Link struct {
	Line   int
	Target string
}

var errNoRoot = errors.New("there is no go.mod above the working directory")

// Root returns the folder of the go.mod above the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errNoRoot
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// All reads README.md and the documents in docs, in the order of their names.
func All() ([]*Document, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var all []*Document
	for _, path := range append([]string{filepath.Join(root, "README.md")}, paths...) {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		all = append(all, Parse(filepath.ToSlash(relative), string(content)))
	}
	return all, nil
}

// One reads a single document.
func One(path string) (*Document, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	return Parse(path, string(content)), nil
}

// Spans returns what stands between backquotes.
func Spans(text string) (spans []string) {
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			spans = append(spans, part)
		}
	}
	return spans
}
