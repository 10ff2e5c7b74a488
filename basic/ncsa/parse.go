package ncsa

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"squidauth/basic/passhash"
	"squidauth/helper/watch"
)

// maxFileLine is the length in bytes of the longest line of a password file. The
// longest hashes of today have some 200 bytes.
const maxFileLine = 8192

// byteOrderMark is what Windows editors put before UTF-8 text.
const byteOrderMark = "\ufeff"

// maxUserHint bounds the users for whom room is made before they are seen.
const maxUserHint = 1 << 16

// Why content is no password file.
var (
	errEmpty    = errors.New("is empty: add users with htpasswd, or write a comment line into it to refuse everybody")
	errUnusable = errors.New("has no line that can be used")
)

// parse reads lines "user:hash[:anything]". Empty lines, and lines that begin
// with "#" or white space, are comments. The last line of a user counts. It is
// an error when there are lines but none can be used, or nothing at all; a file
// of comments is a list of nobody.
func parse(content []byte) (*table, error) {
	if len(content) == 0 {
		return nil, errEmpty
	}
	p := parser{table: &table{
		users: make(map[string]int, min(bytes.Count(content, []byte(":")), maxUserHint)),
		key:   sha256.Sum256(content),
	}}
	text := strings.TrimPrefix(string(content), byteOrderMark) // the one copy that all names and hashes share
	for n := 1; text != ""; n++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		p.line(n, line)
	}
	if len(p.hashes) == 0 && len(p.notes.List) > 0 {
		first := p.notes.List[0]
		return nil, fmt.Errorf("%w: line %d: %s", errUnusable, first.Line, first.Text)
	}
	p.fold()
	p.summarise()
	return p.table, nil
}

type parser struct{ *table }

// tally counts lines of a kind.
type tally struct {
	crlf, capitals, des, twins kind
	skipped                    kind // no user and hash
	barred                     kind // the hash is none
	twice                      kind // a later line of a user
}

// kind counts lines that are told of together.
type kind struct{ first, count int }

func (k *kind) add(line int) {
	if k.count == 0 {
		k.first = line
	}
	k.count++
}

func (p *parser) line(n int, line string) {
	if trimmed, found := strings.CutSuffix(line, "\r"); found {
		line = trimmed
		p.crlf.add(n)
	}
	switch {
	case line == "", line[0] == '#', line[0] == ' ', line[0] == '\t':
		return
	case len(line) > maxFileLine:
		p.skipped.add(n)
		p.notes.Add(n, "line skipped: its %d bytes are more than %d", len(line), maxFileLine)
		return
	}
	user, rest, _ := strings.Cut(line, ":")
	stored, _, _ := strings.Cut(strings.TrimLeft(rest, ":"), ":") // empty fields do not count
	if user == "" || stored == "" {
		p.skipped.add(n)
		p.notes.Add(n, "line skipped: it is not of the form user:hash")
		return
	}
	p.user(n, user, stored)
}

func (p *parser) user(n int, user, stored string) {
	if _, twice := p.users[user]; twice {
		p.twice.add(n)
		p.notes.Add(n, "the user has a line further up, which no longer counts")
	}
	if lowerASCII(user) != user {
		p.capitals.add(n)
	}
	h, err := passhash.Parse(stored)
	if err != nil {
		p.barred.add(n)
		p.notes.Add(n, "this user cannot log in: %v", err)
		p.users[user] = unusable
		return
	}
	if h.Scheme() == passhash.DES {
		p.des.add(n)
	}
	p.users[user] = len(p.hashes)
	p.hashes = append(p.hashes, h)
}

// fold makes the table of lower-case names, if some are not.
func (p *parser) fold() {
	if p.capitals.count == 0 {
		return
	}
	p.folded = make(map[string]int, len(p.users))
	for user, i := range p.users {
		lower := lowerASCII(user)
		if _, twice := p.folded[lower]; twice {
			i = ambiguous
			p.twins.add(1)
		}
		p.folded[lower] = i
	}
}

// summarise adds what is said of many lines at once, beyond the bound of notes.
func (p *parser) summarise() {
	say := func(line int, format string, args ...any) {
		p.notes.List = append(p.notes.List, watch.Note{Line: line, Text: fmt.Sprintf(format, args...)})
	}
	if len(p.hashes) == 0 {
		say(1, "the file has no users: everybody is refused")
	}
	if k := p.crlf; k.count > 0 {
		say(k.first, "lines end in CRLF, as on Windows: accepted")
	}
	if k := p.des; k.count > 0 {
		say(k.first, "DES hashes: %d; they know 8 characters of a password and are quickly guessed: renew them with htpasswd -B", k.count)
	}
	if k := p.capitals; k.count > 0 {
		say(k.first, "names with capital letters: %d; Squid asks for lower-case names unless squid.conf says 'auth_param basic casesensitive on': say so, or use --ignore-case", k.count)
	}
	if k := p.twins; k.count > 0 {
		say(k.first, "names that differ only by case: %d; --ignore-case matches none of them but exactly", k.count)
	}
}

// lowerASCII turns A to Z to lower case, as Squid does, and leaves other bytes.
func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
