// Package charset stands in front of a backend and tries a login in another character
// set as well. Browsers send what a user typed as UTF-8 or as ISO 8859-1 (RFC 7617
// section 2.1 leaves it open), and neither says which; the directory knows it in one
// form only.
package charset

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"squidauth/basic"
	"squidauth/helper/doctor"
	"squidauth/protocol"
)

// Charset is a character set that clients or backends use besides UTF-8.
type Charset byte

// The character sets, by what is done.
const (
	// Latin1 takes what is not UTF-8 for ISO 8859-1, and passes it on as UTF-8.
	Latin1 Charset = iota + 1
	// CP1252 likewise for Windows code page 1252, which has some signs more.
	CP1252
	// UTF8 takes what is UTF-8 and passes it on as ISO 8859-1, for old backends.
	UTF8
)

// Parse returns the character set of that name: latin1, cp1252 or utf8.
func Parse(name string) (Charset, error) {
	switch name {
	case "latin1":
		return Latin1, nil
	case "cp1252":
		return CP1252, nil
	case "utf8":
		return UTF8, nil
	}
	return 0, fmt.Errorf("%q is none of latin1, cp1252, utf8", name)
}

// Backend is another Backend that is asked about several forms of a login. It may be
// used from several goroutines.
type Backend struct {
	backend  basic.Backend
	charsets []Charset
}

var _ basic.Backend = (*Backend)(nil)

// New returns a Backend that asks b.
func New(b basic.Backend, charsets []Charset) *Backend { return &Backend{b, charsets} }

// Reload passes on to the backend.
func (b *Backend) Reload(ctx context.Context) error { return basic.Reload(ctx, b.backend) }

// Examine has the backend examined.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) { basic.Examine(ctx, r, b.backend) }

// Close closes the backend.
func (b *Backend) Close() error { return basic.Close(b.backend) }

// login is one form of what a client sent.
type login struct {
	user     string
	password protocol.Secret
}

// Authenticate implements basic.Backend. It asks about one form after the other until
// one is not refused. What can only be in an older character set is tried in UTF-8
// first, and then as it came.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	forms := b.forms(login{user, password})
	asked := forms[0]
	answer := b.backend.Authenticate(ctx, asked.user, asked.password)
	for _, l := range forms[1:] {
		if ctx.Err() != nil || !another(answer, asked.user != l.user) {
			continue
		}
		asked = l
		answer = better(answer, b.backend.Authenticate(ctx, l.user, l.password))
	}
	return answer
}

// forms returns the forms of a login, each once.
func (b *Backend) forms(l login) []login {
	legacy := !utf8.ValidString(l.user) || !utf8.ValidString(string(l.password))
	var forms []login
	add := func(l login) {
		if !slices.Contains(forms, l) {
			forms = append(forms, l)
		}
	}
	if !legacy {
		add(l)
	}
	for _, c := range b.charsets {
		if legacy == (c != UTF8) {
			if converted, ok := c.convert(l); ok {
				add(converted)
			}
		}
	}
	add(l)
	return forms
}

func (c Charset) convert(l login) (login, bool) {
	user, ok1 := c.text(l.user)
	password, ok2 := c.text(string(l.password))
	return login{user, protocol.Secret(password)}, ok1 && ok2
}

// text converts a text from UTF-8 for UTF8, and otherwise to it, unless it is in it
// already. It reports false if that cannot be.
func (c Charset) text(s string) (string, bool) {
	var err error
	switch {
	case c == UTF8:
		s, err = charmap.ISO8859_1.NewEncoder().String(s)
	case utf8.ValidString(s):
	case c == Latin1:
		s, err = charmap.ISO8859_1.NewDecoder().String(s)
	default:
		s, err = charmap.Windows1252.NewDecoder().String(s)
	}
	return s, err == nil && (c == UTF8 || !strings.ContainsRune(s, utf8.RuneError))
}

// another reports that the refusal may be for the form: the password is in question, or
// the name if another name comes next.
func another(v basic.Verdict, name bool) bool {
	switch {
	case v.Outcome() != protocol.Denied:
		return false
	case v.IsUnknown():
		return name
	}
	return v.Reason() == basic.WrongPassword || v.Reason() == basic.LogonRefused
}

// better returns the verdict of two that says more: the first is a refusal for what may
// be the form.
func better(first, next basic.Verdict) basic.Verdict {
	if first.Reason() == basic.WrongPassword && another(next, true) {
		return first
	}
	return next
}
