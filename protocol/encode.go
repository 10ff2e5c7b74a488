package protocol

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// MaxReply is the length in bytes of the longest reply, channel-ID and LF not
// counted. Squid up to version 6 reads helpers through a buffer of 32 KB.
const MaxReply = 32<<10 - maxChannelID - 2

// maxText bounds a text in bytes: it is a sentence for cache.log or a page.
const maxText = 1024

// Placeholders of a Negotiate success that has no token for the client: without
// any token Squid exits.
const (
	noTokenModern = "AA==" // as negotiate_kerberos_auth writes it
	noTokenLegacy = "*"    // as Samba's ntlm_auth writes it
)

// Texts of replies that would say what the scheme or Squid cannot take.
const (
	textUnsayable = "the authentication helper has an answer that Squid cannot be told"
	textNoReason  = "not authenticated" // the legacy codes need a text
)

// AppendReply appends r as one line without channel-ID and LF. What the scheme
// cannot express, such as a Negotiate success that names no user, becomes BH. A
// user or token is never cut; annotations that do not fit into MaxReply are left
// out from the end, those whose key or value is illegal always. The line never
// holds LF or NUL, and Squid's parser reads from it what r says, byte for byte,
// but for NUL and, in free texts, for what asFreeText changes.
func AppendReply(dst []byte, r Reply, scheme Scheme, dialect Dialect) []byte {
	var line []byte
	ok := true
	switch r.outcome {
	case Accepted:
		line, ok = appendAccept(dst, r, scheme, dialect)
	case Continue:
		line, ok = appendChallenge(dst, r, scheme)
	case Denied:
		line = appendDeny(dst, r.text, scheme, dialect)
	default:
		line = appendBroken(dst, r.text, dialect)
	}
	if !ok || len(line)-len(dst) > MaxReply {
		return appendBroken(dst, textUnsayable, dialect)
	}
	return line
}

func appendAccept(dst []byte, r Reply, scheme Scheme, dialect Dialect) ([]byte, bool) {
	if scheme == Basic {
		return appendPairs(append(dst, "OK"...), len(dst), r.pairs, dialect), true
	}
	if r.user == "" || strings.IndexByte(r.user, 0) >= 0 {
		return dst, false
	}
	switch {
	case scheme == NTLM && dialect == Legacy:
		return appendWord(append(dst, "AF "...), r.user), true
	case scheme == NTLM:
		line := append(dst, "OK user="...)
		return appendPairs(appendEscaped(line, r.user), len(dst), r.pairs, dialect), true
	case scheme == Negotiate && dialect == Legacy:
		line := appendToken(append(dst, "AF "...), r.token, noTokenLegacy)
		return appendWord(append(line, ' '), r.user), true
	case scheme == Negotiate:
		line := appendToken(append(dst, "OK token="...), r.token, noTokenModern)
		line = appendEscaped(append(line, " user="...), r.user)
		return appendPairs(line, len(dst), r.pairs, dialect), true
	}
	return dst, false
}

// appendChallenge writes the token bare: after "TT " Squid takes the whole word,
// "token=" and all, for the token (src/helper/Reply.cc, finalize).
func appendChallenge(dst []byte, r Reply, scheme Scheme) ([]byte, bool) {
	if len(r.token) == 0 || scheme != NTLM && scheme != Negotiate {
		return dst, false
	}
	return base64.StdEncoding.AppendEncode(append(dst, "TT "...), r.token), true
}

// appendDeny puts the text where Squid looks for the user's message: behind ERR
// for Basic, in message= otherwise.
func appendDeny(dst []byte, text string, scheme Scheme, dialect Dialect) []byte {
	switch {
	case scheme == Basic:
		return appendFreeText(append(dst, "ERR"...), asFreeText(text))
	case dialect == Modern:
		return appendMessage(append(dst, "ERR"...), text)
	case scheme == Negotiate: // Squid up to 3.3 exits when the first word is missing
		dst = append(dst, "NA *"...)
	default:
		dst = append(dst, "NA"...)
	}
	return appendFreeText(dst, orDefault(oneLine(text)))
}

func appendBroken(dst []byte, text string, dialect Dialect) []byte {
	dst = append(dst, "BH"...)
	if dialect == Modern {
		return appendMessage(dst, text)
	}
	return appendFreeText(dst, orDefault(asFreeText(text)))
}

func appendToken(dst, token []byte, placeholder string) []byte {
	if len(token) == 0 {
		return append(dst, placeholder...)
	}
	return base64.StdEncoding.AppendEncode(dst, token)
}

// appendPairs appends the annotations that are legal and fit; start is where the
// line begins in dst.
func appendPairs(dst []byte, start int, pairs []Pair, dialect Dialect) []byte {
	if dialect == Legacy {
		return dst
	}
	for _, p := range pairs {
		if !legalKey(p.Key) || strings.IndexByte(p.Value, 0) >= 0 {
			continue
		}
		end := len(dst)
		dst = append(append(append(dst, ' '), p.Key...), '=')
		if p.Value == "" { // a blank behind the "=" would end Squid's parsing
			dst = append(dst, `""`...)
		}
		dst = appendEscaped(dst, p.Value)
		if len(dst)-start > MaxReply {
			return dst[:end]
		}
	}
	return dst
}

// legalKey refuses what Squid does not take for a key, and the keys that only
// the constructors may set.
func legalKey(key string) bool {
	switch key {
	case "", "user", "token", "message":
		return false
	}
	for i := range len(key) {
		if !isKeyChar(key[i]) {
			return false
		}
	}
	return true
}

// appendWord appends s as one word for Squid's strwordtok: quoted only where a
// bare word would be split or lose its quotes. Squid up to 3.3 takes the quotes
// for a part of the name, which then fits nobody.
func appendWord(dst []byte, s string) []byte {
	if !strings.ContainsAny(s, "\" \t\n\v\f\r") {
		return append(dst, s...)
	}
	return appendQuoted(dst, s)
}

// appendQuoted appends s as a quoted word: inside quotes Squid reads a backslash
// as an escape, and \n and \r as line ends.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case 0:
			dst = append(dst, ' ')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

func appendMessage(dst []byte, text string) []byte {
	if text == "" {
		return dst
	}
	return appendQuoted(append(dst, " message="...), cut(text))
}

func appendFreeText(dst []byte, text string) []byte {
	if text == "" {
		return dst
	}
	return append(append(dst, ' '), text...)
}

// asFreeText returns text as Squid will read it behind ERR or BH: on one line,
// without leading white space, and not beginning like a key=value pair, which
// Squid would take for an annotation. There a blank goes before the "=".
func asFreeText(text string) string {
	text = oneLine(text)
	n := 0
	for n < len(text) && isKeyChar(text[n]) {
		n++
	}
	if n == len(text) || text[n] != '=' {
		return text
	}
	if n == 0 {
		return "- " + text
	}
	return text[:n] + " " + text[n:]
}

// oneLine trims text, cuts it to maxText and turns line ends and NUL to blanks.
func oneLine(text string) string {
	line := []byte(cut(text))
	for i, c := range line {
		if c == '\n' || c == '\r' || c == 0 {
			line[i] = ' '
		}
	}
	return string(trimSpace(line))
}

func orDefault(text string) string {
	if text == "" {
		return textNoReason
	}
	return text
}

// cut shortens text to maxText bytes without splitting a UTF-8 sequence.
func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
