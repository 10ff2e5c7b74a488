package protocol

import (
	"bytes"
	"errors"
)

// ErrNoReply says that a line is no reply at all: whoever wrote it may still answer.
var ErrNoReply = errors.New("a line that begins with none of OK, ERR, BH, TT, AF, NA")

// The other errors of ParseChildReply. None quotes the line, which may hold a token.
var (
	errChildUser      = errors.New("a success that names no user")
	errChildToken     = errors.New("a token that is not base64")
	errChildNoToken   = errors.New("a challenge without a token")
	errChildAmbiguous = errors.New("a success whose user's name cannot be told from what stands beside it")
)

// ParseChildReply reads a reply line of another helper of the NTLM or Negotiate
// scheme, without LF, as it was meant in the scheme, whichever dialect it is in. It
// understands more than Squid does where a helper says it in words that Squid
// misreads: names with blanks behind AF, and "TT token=". Where it could be another
// name that was meant, or a challenge has no token, the line cannot be used. The error
// is then another than ErrNoReply. With an error the Reply is the zero one.
func ParseChildReply(line []byte, scheme Scheme) (Reply, error) {
	if scheme != NTLM && scheme != Negotiate || bytes.IndexByte(line, 0) >= 0 {
		return Reply{}, ErrNoReply
	}
	code, rest, _ := bytes.Cut(line, blank)
	switch string(code) {
	case "OK":
		return childOK(ParseReply(line))
	case "AF":
		return childAF(rest, scheme)
	case "TT":
		return childTT(rest)
	case "ERR":
		return Deny(childText(ParseReply(line))), nil
	case "NA":
		_, text := cutPlaceholder(rest)
		return Deny(string(trimSpace(text))), nil
	case "BH":
		return Broken(childText(ParseReply(line))), nil
	}
	return Reply{}, ErrNoReply
}

// childOK reads the modern success. The user may be all there is of it; free text
// behind may be the rest of a name that was not escaped.
func childOK(p ParsedReply) (Reply, error) {
	user, _ := p.Note("user")
	switch {
	case user == "":
		return Reply{}, errChildUser
	case p.Other != "":
		return Reply{}, errChildAmbiguous
	}
	word, _ := p.Note("token")
	token, err := childToken([]byte(word))
	if err != nil {
		return Reply{}, err
	}
	var pairs []Pair
	for _, n := range p.Notes {
		if legalKey(n.Key) {
			pairs = append(pairs, n)
		}
	}
	return Accept(Identity{User: user}, token, pairs...), nil
}

// childAF reads the legacy success, AF name or, in Negotiate, AF token name. Up to
// Squid 3.3 the name was the rest of the line, and helpers still write it so.
func childAF(rest []byte, scheme Scheme) (Reply, error) {
	word, name := cutPlaceholder(rest)
	if word == nil && scheme == Negotiate {
		word, name, _ = bytes.Cut(rest, blank)
	}
	token, err := childToken(word)
	if err != nil {
		return Reply{}, err
	}
	user, err := childName(name, scheme)
	if err != nil {
		return Reply{}, err
	}
	return Accept(Identity{User: user}, token), nil
}

// childName reads a name behind AF: bare, with whatever blanks it has, or as one
// quoted word.
func childName(b []byte, scheme Scheme) (string, error) {
	b = trimSpace(b)
	if len(b) == 0 {
		return "", errChildUser
	}
	if b[0] == '"' {
		name, _ := nextWord(&b)
		switch {
		case len(trimSpace(b)) > 0:
			return "", errChildAmbiguous
		case name.text == "":
			return "", errChildUser
		}
		return name.text, nil
	}
	// Annotations are not of this dialect, but Squid would read them. Windows has
	// no name with "=", and what has one may be a token.
	beside := b
	if scheme == Negotiate {
		beside = b[len(firstWord(b)):]
	}
	if bytes.IndexByte(beside, '=') >= 0 || bytes.IndexByte(b, '"') >= 0 {
		return "", errChildAmbiguous
	}
	return string(bytes.TrimRight(b, " \t\n\v\f\r")), nil
}

// childTT reads a challenge. Squid's own Kerberos helper writes "token=" before it,
// which Squid would send to the client; Samba's writes a word behind it.
func childTT(rest []byte) (Reply, error) {
	word := bytes.TrimPrefix(firstWord(trimSpace(rest)), []byte("token="))
	token, err := childToken(word)
	switch {
	case err != nil:
		return Reply{}, err
	case len(token) == 0:
		return Reply{}, errChildNoToken
	}
	return Challenge(token), nil
}

// childToken decodes a token; the placeholders for none are none.
func childToken(word []byte) ([]byte, error) {
	if s := string(word); s == "" || s == noTokenModern || isPlaceholder(s) {
		return nil, nil
	}
	token, err := decodeToken(word)
	if err != nil {
		return nil, errChildToken
	}
	return token, nil
}

// childText returns the text that a refusal has for the client.
func childText(p ParsedReply) string {
	if text, ok := p.Note("message"); ok {
		return text
	}
	return p.Other
}

// isPlaceholder knows what stands where there is no token: "*" is written by Samba's
// ntlm_auth, "=" by negotiate_wrapper_auth.
func isPlaceholder(word string) bool { return word == noTokenLegacy || word == "=" }

// cutPlaceholder cuts a placeholder and the blank behind it; word is nil if there is
// none.
func cutPlaceholder(b []byte) (word, rest []byte) {
	if word, rest, _ := bytes.Cut(b, blank); isPlaceholder(string(word)) {
		return word, rest
	}
	return nil, b
}

// firstWord returns the bytes before the first white space.
func firstWord(b []byte) []byte {
	for i, c := range b {
		if isSpace(c) {
			return b[:i]
		}
	}
	return b
}

// Token returns the token of an accepted reply, or of a challenge.
func (r Reply) Token() []byte { return r.token }

// WithToken returns the reply with another token, for who puts the answer of one
// handler into another framing. In a refusal it means nothing.
func (r Reply) WithToken(token []byte) Reply {
	r.token = token
	return r
}

// Text returns what a refusal says to the client.
func (r Reply) Text() string { return r.text }
