package hashes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/ntlm/ntlmssp"
)

// Bounds of what one reading of a file takes and says, whatever is in it.
const (
	maxFileLine = 8192    // bytes of a line
	maxUserHint = 1 << 16 // users for whom room is made before they are seen
)

// byteOrderMark is what Windows editors put before UTF-8 text.
const byteOrderMark = "\ufeff"

// Why content is no hash file.
var (
	errEmpty    = errors.New("is empty: add users with 'ntlm hash add FILE USER', or write a comment line into it to refuse everybody")
	errUnusable = errors.New("has no line that can be used")
)

// Why a line is none.
var (
	errForm = errors.New("it is neither user:NTHASH nor a line of smbpasswd")
	errHash = errors.New("its hash is not 32 hexadecimal digits")
	errName = errors.New("its name is empty, not UTF-8, or has control characters")
)

// parse reads lines
//
//	user:NTHASH[:[FLAGS]][:anything]
//	user:number:LMHASH:NTHASH:[FLAGS]:anything
//
// of which the second is what Samba has in smbpasswd and what 'pdbedit -Lw' writes.
// Empty lines, and lines that begin with "#" or white space, are comments. The last
// line of a user counts. It is an error when there are lines but none can be used,
// or nothing at all; a file of comments is a list of nobody.
func parse(content []byte) (*table, error) {
	if len(content) == 0 {
		return nil, errEmpty
	}
	t := &table{
		accounts: make(map[string]account, min(bytes.Count(content, []byte("\n"))+1, maxUserHint)),
		sum:      sha256.Sum256(content),
	}
	text := strings.TrimPrefix(string(content), byteOrderMark)
	for n := 1; text != ""; n++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		t.line(n, strings.TrimSuffix(line, "\r"))
	}
	if len(t.accounts) == 0 && len(t.notes.List) > 0 {
		first := t.notes.List[0]
		return nil, fmt.Errorf("%w: line %d: %s", errUnusable, first.Line, first.Text)
	}
	return t, nil
}

func (t *table) line(n int, line string) {
	if isComment(line) {
		return
	}
	if len(line) > maxFileLine {
		t.notes.Add(n, "line skipped: its %d bytes are more than %d", len(line), maxFileLine)
		return
	}
	a, _, err := parseLine(line)
	if err != nil {
		t.notes.Add(n, "line skipped: %v", err)
		return
	}
	if a.bar == noPassword {
		t.notes.Add(n, "this user cannot log in: %v", errNoPassword)
	}
	key := ntlmssp.Upper(a.name)
	if _, twice := t.accounts[key]; twice {
		t.notes.Add(n, "the user has a line further up, which no longer counts; upper and lower case are the same")
	}
	t.accounts[key] = a
}

func isComment(line string) bool {
	return line == "" || line[0] == '#' || line[0] == ' ' || line[0] == '\t'
}

// form tells the two kinds of lines apart.
type form byte

const (
	ownForm form = iota + 1
	sambaForm
)

// parseLine reads a line that is no comment.
func parseLine(line string) (account, form, error) {
	f := strings.Split(line, ":")
	a := account{name: f[0]}
	if a.name == "" || !utf8.ValidString(a.name) || strings.ContainsFunc(a.name, unicode.IsControl) {
		return account{}, 0, errName
	}
	kind, hash, flags := ownForm, 1, 2
	if len(f) >= 4 && isNumber(f[1]) {
		kind, hash, flags = sambaForm, 3, 4
	} else if len(f) < 2 {
		return account{}, 0, errForm
	}
	if len(f) > flags {
		a.bar = parseFlags(f[flags])
	}
	var ok bool
	switch a.hash, ok = parseHash(f[hash]); {
	case ok && a.hash == emptyPassword():
		a.bar = noPassword
	case ok:
	case kind == sambaForm && isNoHash(f[hash]):
		a.bar = noPassword
	default:
		return account{}, 0, errHash
	}
	return a, kind, nil
}

// isNumber tells a user ID from a hash that has no letters.
func isNumber(s string) bool {
	const longest = len("4294967295")
	return s != "" && len(s) <= longest && strings.Trim(s, "0123456789") == ""
}

func parseHash(s string) (k ntlmssp.Key, ok bool) {
	if len(s) != hex.EncodedLen(len(k)) {
		return k, false
	}
	_, err := hex.Decode(k[:], []byte(s))
	return k, err == nil
}

// emptyPassword is the hash of no password at all.
func emptyPassword() ntlmssp.Key { return ntlmssp.NTOWFv1("") }

// isNoHash knows what Samba has in place of a hash.
func isNoHash(s string) bool {
	return strings.HasPrefix(s, "NO PASSWORD") || s != "" && strings.Trim(s, "X*") == ""
}

// parseFlags reads Samba's account flags, letters in brackets, smbpasswd(5). What is
// not in brackets are none. The gravest counts.
func parseFlags(s string) bar {
	letters, opened := strings.CutPrefix(s, "[")
	letters, _, closed := strings.Cut(letters, "]")
	switch {
	case !opened || !closed:
		return none
	case strings.ContainsRune(letters, 'N'):
		return noPassword
	case strings.ContainsAny(letters, "WSI"):
		return machine
	case strings.ContainsRune(letters, 'D'):
		return disabled
	case strings.ContainsRune(letters, 'L'):
		return locked
	}
	return none
}
