package protocol

import (
	"bytes"
	"encoding/base64"
	"errors"
)

var blank = []byte(" ")

// Errors of the request parsers. None of them is a verdict on a user.
var (
	// ErrExtras says that the line has fewer words than the key_extras that
	// were announced: the helper's --key-extras does not fit squid.conf.
	ErrExtras = errors.New("fewer key_extras words than announced")
	// ErrVerb says that the line begins with neither YR nor KK.
	ErrVerb = errors.New("request is neither YR nor KK")
	// ErrToken says that a token is not base64 (RFC 4648 section 4).
	ErrToken = errors.New("token is not base64")
)

// BasicRequest is one request of the Basic scheme.
type BasicRequest struct {
	User     string // as the client sent it, %XX decoded; may be empty
	Password Secret // likewise; Squid never sends an empty one
	Extras   string // the key_extras words as received, blank between them

	// RawBlank says that the password field held a blank. Squid escapes
	// blanks, so the line was typed by hand or has words nobody announced.
	RawBlank bool

	// OneWord says that there was no blank on the line. Squid always sends
	// one, so the word may as well be a password, behind a name that was taken
	// for a channel-ID; it stands in Password.
	OneWord bool
}

// ParseBasic reads "user SP password [SP extras…]". The first blank ends the
// user; extras words, as many as squid.conf's key_extras format makes, are cut
// from the right. The error is ErrExtras or nil.
func ParseBasic(line []byte, extras int) (BasicRequest, error) {
	user, rest, found := bytes.Cut(line, blank)
	if !found && extras == 0 {
		return BasicRequest{Password: Secret(unescape(line)), OneWord: true}, nil
	}
	password, tail, ok := cutWords(rest, extras)
	if !ok {
		return BasicRequest{}, ErrExtras
	}
	return BasicRequest{
		User:     unescape(user),
		Password: Secret(unescape(password)),
		Extras:   string(tail),
		RawBlank: bytes.Contains(password, blank),
	}, nil
}

// Verb tells the legs of a handshake apart.
type Verb byte

// The verbs of the NTLM and Negotiate schemes. The zero Verb is neither.
const (
	YR Verb = iota + 1 // first token on a client's connection
	KK                 // a later token of the same handshake
)

// Handshake is one request of the NTLM or the Negotiate scheme.
type Handshake struct {
	Verb   Verb
	Token  []byte // decoded; empty when the client sent none
	Extras string // the key_extras words as received, blank between them
}

// ParseHandshake reads "YR|KK [SP token [SP extras…]]". Squid passes the token
// on as the client sent it, blanks and all, so the extras are cut from the right
// and what remains must be strict base64. The error is ErrVerb, ErrExtras,
// ErrToken or nil; with an error the Handshake has at most its Verb.
func ParseHandshake(line []byte, extras int) (Handshake, error) {
	verb, rest, found := bytes.Cut(line, blank)
	h := Handshake{Verb: parseVerb(verb)}
	if h.Verb == 0 {
		return Handshake{}, ErrVerb
	}
	if !found { // a bare YR, as Squid 2.5 sends it, has no extras either
		return h, nil
	}
	token, tail, ok := cutWords(rest, extras)
	if !ok {
		return h, ErrExtras
	}
	decoded, err := decodeToken(token)
	if err != nil {
		return h, ErrToken
	}
	h.Token, h.Extras = decoded, string(tail)
	return h, nil
}

func parseVerb(word []byte) Verb {
	switch string(word) {
	case "YR":
		return YR
	case "KK":
		return KK
	}
	return 0
}

// decodeToken is strict where encoding/base64 is not: that skips line ends.
func decodeToken(token []byte) ([]byte, error) {
	if bytes.ContainsAny(token, "\r\n") {
		return nil, ErrToken
	}
	return base64.StdEncoding.Strict().AppendDecode(nil, token)
}

// cutWords cuts n words, each with the blank before it, from the right of b.
func cutWords(b []byte, n int) (head, tail []byte, ok bool) {
	end := len(b)
	for range n {
		end = bytes.LastIndexByte(b[:end], ' ')
		if end < 0 {
			return nil, nil, false
		}
	}
	if n == 0 {
		return b, nil, true
	}
	return b[:end], b[end+1:], true
}
