// Package squidconf reads a squid.conf as far as logins go: the auth_param lines, and in
// which order acl and http_access stand.
package squidconf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"squidauth/helper/watch"
)

// Bounds of what is read.
const (
	maxFile     = 16 << 20
	maxFiles    = 1000
	maxIncludes = 16 // Squid's own limit of files within files
)

// A Directive is one line, with those that a backslash joins to it.
type Directive struct {
	File string
	Line int // of its beginning, from 1
	Name string
	Args []string

	// Conditional reports that the line stands between if and endif.
	Conditional bool

	// Err says why Squid would not start if it reads these arguments as it reads those
	// of a program: see Split. nil: it would.
	Err error
}

// Position returns FILE:LINE.
func (d Directive) Position() string { return fmt.Sprintf("%s:%d", d.File, d.Line) }

// A File is a squid.conf and what it includes, in the order of Squid's reading.
type File struct {
	Directives []Directive
	// Conditions reports that lines stand between if and endif: all of them are here.
	Conditions bool
	// Missing are the lines include that no file is there for: Squid does not start.
	Missing []Directive
	// Macros reports that lines had macros: see macros.
	Macros bool
}

// Read reads the file at path and those that it includes.
func Read(path string) (*File, error) {
	r := reader{}
	if err := r.read(path, 0); err != nil {
		return nil, err
	}
	return &r.file, nil
}

// All returns the directives of that name.
func (f *File) All(name string) (list []Directive) {
	for _, d := range f.Directives {
		if d.Name == name {
			list = append(list, d)
		}
	}
	return list
}

// Last returns the first argument of the last directive of that name, which is the one
// that counts where there may be one; empty: there is none.
func (f *File) Last(name string) string {
	all := f.All(name)
	if len(all) == 0 || len(all[len(all)-1].Args) == 0 {
		return ""
	}
	return all[len(all)-1].Args[0]
}

type reader struct {
	file       File
	files      int
	conditions int // how many of them the line is within
}

// macros has what the macros of Squid stand for in the only process of a service that was
// given no other name: seen with Squid 5.7.
var macros = strings.NewReplacer("${service_name}", "squid", "${process_name}", "squid", "${process_number}", "1")

var errDeep = errors.New("files include one another too deeply")

func (r *reader) read(path string, depth int) error {
	if r.files++; depth > maxIncludes || r.files > maxFiles {
		return fmt.Errorf("%s: %w", path, errDeep)
	}
	content, err := watch.ReadRegular(path, maxFile)
	if err != nil {
		return err
	}
	number, began := 0, 0
	var joined []byte // not a string, as there may be a million lines to join
	for line := range strings.Lines(string(content)) {
		number++
		line = trimLine(line)
		if line == "" || line[0] == '#' {
			continue // between lines that are joined, too
		}
		if len(joined) == 0 {
			began = number
		}
		joined = append(joined, line...)
		if rest, goesOn := bytes.CutSuffix(joined, []byte{'\\'}); goesOn {
			joined = rest
			continue
		}
		line = strings.TrimRight(string(joined), blanks)
		joined = joined[:0]
		if err := r.line(Directive{File: path, Line: began}, line, depth); err != nil {
			return err
		}
	}
	return nil // a last line that goes on is none to Squid
}

// blanks is what Squid takes for them.
const blanks = " \t\n\v\f\r"

// trimLine returns a line of a file as Squid takes it, without its end: the line ends at
// the first CR, but blanks before that stay, so that a backslash before them is no last one.
func trimLine(line string) string {
	line, _, _ = strings.Cut(strings.TrimSuffix(line, "\n"), "\r")
	return strings.TrimLeft(line, blanks)
}

func (r *reader) line(d Directive, line string, depth int) error {
	plain := macros.Replace(line)
	r.file.Macros = r.file.Macros || plain != line
	words, err := Split(plain)
	if len(words) == 0 {
		return nil
	}
	d.Name, d.Args, d.Err, d.Conditional = words[0], words[1:], err, r.conditions > 0
	switch d.Name {
	case "if":
		r.file.Conditions = true
		r.conditions++
		return nil
	case "else":
		return nil
	case "endif":
		r.conditions = max(r.conditions-1, 0)
		return nil
	case "include":
		return r.include(d, depth)
	}
	r.file.Directives = append(r.file.Directives, d)
	return nil
}

// include reads the files that the patterns match, as Squid does in the order of their
// names.
func (r *reader) include(d Directive, depth int) error {
	for _, pattern := range d.Args {
		paths, err := glob(pattern)
		if err != nil {
			return fmt.Errorf("%s: %w", d.Position(), err)
		}
		if len(paths) == 0 {
			missing := d
			missing.Args = []string{pattern}
			r.file.Missing = append(r.file.Missing, missing)
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				continue // which Squid finds empty
			}
			if err := r.read(path, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// glob returns the paths that match, as glob(3) does: a file whose name begins with a dot,
// such as an editor's, has to be asked for.
func glob(pattern string) ([]string, error) {
	paths, err := filepath.Glob(pattern)
	if strings.HasPrefix(filepath.Base(pattern), ".") {
		return paths, err
	}
	return slices.DeleteFunc(paths, func(p string) bool { return strings.HasPrefix(filepath.Base(p), ".") }), err
}
