package getpwnam

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"squidauth/basic/passhash"
	"squidauth/helper/watch"
)

// maxFileLine bounds a line in bytes. The longest of today have some 300.
const maxFileLine = 8192

// maxUserHint bounds the users for whom room is made before they are seen.
const maxUserHint = 1 << 16

var (
	errEmpty    = errors.New("is empty")
	errUnusable = errors.New("has no line that can be used")
)

// table is the content of one file. It is immutable.
type table struct {
	users  map[string]account
	hashes []passhash.Hash // of those who can log in
	refers bool            // somebody's password is elsewhere
	key    [sha256.Size]byte
	notes  watch.Notes
}

// tableOf returns the parser of a file with such lines. Empty lines and those that
// begin with "#" are comments, and blanks before a line do not count: so do glibc and
// the BSDs read. The first line of a name counts.
func tableOf(read lineReader) func([]byte) (*table, error) {
	return func(content []byte) (*table, error) {
		if len(content) == 0 {
			return nil, errEmpty
		}
		t := &table{
			users: make(map[string]account, min(bytes.Count(content, []byte("\n"))+1, maxUserHint)),
			key:   sha256.Sum256(content),
		}
		text := string(content) // the one copy that all names and hashes share
		for n := 1; text != ""; n++ {
			var line string
			line, text, _ = strings.Cut(text, "\n")
			t.add(n, strings.TrimLeft(line, " \t"), read)
		}
		if len(t.users) == 0 {
			if len(t.notes.List) > 0 {
				return nil, fmt.Errorf("%w: line %d: %s", errUnusable, t.notes.List[0].Line, t.notes.List[0].Text)
			}
			return nil, errUnusable
		}
		return t, nil
	}
}

func (t *table) add(n int, line string, read lineReader) {
	switch {
	case line == "" || line[0] == '#':
		return
	case len(line) > maxFileLine:
		t.notes.Add(n, "line skipped: its %d bytes are more than %d", len(line), maxFileLine)
		return
	}
	name, a, note, err := read(line)
	if err != nil {
		t.notes.Add(n, "%v", err)
		return
	}
	if _, twice := t.users[name]; twice {
		t.notes.Add(n, "line skipped: the user has one further up")
		return
	}
	if note != "" {
		t.notes.Add(n, "%s", note)
	}
	t.users[name] = a
	switch a.state {
	case hashed:
		t.hashes = append(t.hashes, a.hash)
	case elsewhere:
		t.refers = true
	}
}

// decoy picks one of the file's hashes.
func (t *table) decoy(user string) passhash.Hash { return passhash.Decoy(t.hashes, t.key, user) }
