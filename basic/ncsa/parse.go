package ncsa

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"squidauth/basic/passhash"
)

// maxFileLine is the length in bytes of the longest line of a password file. The
// longest hashes of today have some 200 bytes.
const maxFileLine = 8192

// byteOrderMark is what Windows editors put before UTF-8 text.
const byteOrderMark = "\ufeff"

// note is something about the file that its administrator should know.
type note struct {
	line int // counted from 1
	text string
}

// Why content is no password file.
var (
	errEmpty    = errors.New("is empty: add users with htpasswd, or write a comment line into it to refuse everybody")
	errUnusable = errors.New("has no line that can be used")
)

// parse reads lines "user:hash[:anything]". Empty lines, and lines that begin
// with "#" or white space, are comments. The last line of a user counts. It is
// an error when there are lines but none can be used, or nothing at all; a file
// of comments is a list of nobody.
func parse(content []byte) (*table, []note, error) {
	if len(content) == 0 {
		return nil, nil, errEmpty
	}
	p := parser{table: &table{
		users: make(map[string]int, bytes.Count(content, []byte("\n"))+1),
		key:   sha256.Sum256(content),
	}}
	text := strings.TrimPrefix(string(content), byteOrderMark) // the one copy that all names and hashes share
	for n := 1; text != ""; n++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		p.line(n, line)
	}
	if len(p.hashes) == 0 && len(p.notes) > 0 {
		return nil, nil, fmt.Errorf("%w: line %d: %s", errUnusable, p.notes[0].line, p.notes[0].text)
	}
	p.fold()
	p.summarise()
	return p.table, p.notes, nil
}

type parser struct {
	*table
	notes               []note
	crlf, capitals, des kind
}

// kind counts lines that are told of together.
type kind struct{ first, count int }

func (k *kind) add(line int) {
	if k.count == 0 {
		k.first = line
	}
	k.count++
}

func (p *parser) note(line int, text string) { p.notes = append(p.notes, note{line, text}) }

func (p *parser) line(n int, line string) {
	if trimmed, found := strings.CutSuffix(line, "\r"); found {
		line = trimmed
		p.crlf.add(n)
	}
	switch {
	case line == "", line[0] == '#', line[0] == ' ', line[0] == '\t':
		return
	case len(line) > maxFileLine:
		p.note(n, fmt.Sprintf("line skipped: its %d bytes are more than %d", len(line), maxFileLine))
		return
	}
	user, rest, _ := strings.Cut(line, ":")
	stored, _, _ := strings.Cut(strings.TrimLeft(rest, ":"), ":") // empty fields do not count
	if user == "" || stored == "" {
		p.note(n, "line skipped: it is not of the form user:hash")
		return
	}
	p.user(n, user, stored)
}

func (p *parser) user(n int, user, stored string) {
	if _, twice := p.users[user]; twice {
		p.note(n, "the user has a line further up, which no longer counts")
	}
	if strings.ToLower(user) != user {
		p.capitals.add(n)
	}
	h, err := passhash.Parse(stored)
	if err != nil {
		p.note(n, fmt.Sprintf("this user cannot log in: %v", err))
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
		lower := strings.ToLower(user)
		if _, twice := p.folded[lower]; twice {
			i = ambiguous
		}
		p.folded[lower] = i
	}
}

func (p *parser) summarise() {
	if len(p.hashes) == 0 {
		p.note(1, "the file has no users: everybody is refused")
	}
	if k := p.crlf; k.count > 0 {
		p.note(k.first, "lines end in CRLF, as on Windows: accepted")
	}
	if k := p.des; k.count > 0 {
		p.note(k.first, fmt.Sprintf("DES hashes: %d; they know 8 characters of a password and are quickly guessed: renew them with htpasswd -B", k.count))
	}
	if k := p.capitals; k.count > 0 {
		p.note(k.first, fmt.Sprintf("names with capital letters: %d; Squid asks for lower-case names unless squid.conf says 'auth_param basic casesensitive on': say so, or use --ignore-case", k.count))
	}
}
