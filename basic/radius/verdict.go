package radius

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/basic"
	"squidauth/protocol"
)

// verdict makes a Verdict of an answer, and logs what the server says for people to
// read. The Service-Type is not looked at, although RFC 2865 section 5.6 has it: many
// servers send one that is for dial-up, to everybody.
func (b *Backend) verdict(e *endpoint, user string, r reply) basic.Verdict {
	switch r.code {
	case accessAccept:
		return basic.Yes(protocol.Identity{User: user}, b.annotations(r)...)
	case accessChallenge:
		b.config.Log.Info("RADIUS server wants a second step of the login, which Basic authentication does not have",
			"server", e.String(), "user", user, "message", messageOf(r))
		return basic.No(Challenge, "")
	}
	if message := messageOf(r); message != "" {
		b.config.Log.Info("RADIUS server says why it refuses", "server", e.String(), "user", user, "message", message)
	}
	return basic.No(basic.WrongPassword, "")
}

// maxMessage bounds what is logged of a server's messages, in bytes.
const maxMessage = 512

// messageOf returns the Reply-Messages of an answer on one line.
func messageOf(r reply) string {
	var text strings.Builder
	for kind, value := range attributes(r.attributes) {
		if kind != attrReplyMessage || text.Len() > maxMessage {
			continue
		}
		if text.Len() > 0 {
			text.WriteByte(' ')
		}
		text.Write(value)
	}
	readable := strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, strings.ToValidUTF8(text.String(), "?"))
	return cut(strings.Join(strings.Fields(readable), " "), maxMessage)
}

// cut returns at most n bytes of a text, without half a character at the end.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// maxAnnotations is how many annotations a login can have.
const maxAnnotations = 32

// annotations returns what Squid is to be told of an accepted user.
func (b *Backend) annotations(r reply) (pairs []protocol.Pair) {
	if !b.config.AnnotateFilterID && !b.config.AnnotateClass {
		return nil
	}
	for kind, value := range attributes(r.attributes) {
		key := ""
		switch {
		case kind == attrFilterID && b.config.AnnotateFilterID:
			key = "filter_id_"
		case kind == attrClass && b.config.AnnotateClass:
			key = "class_"
		}
		if key != "" && len(value) > 0 && len(pairs) < maxAnnotations {
			pairs = append(pairs, protocol.Pair{Key: key, Value: readable(value)})
		}
	}
	return pairs
}

// readable returns a value as it is if it is text, else as 0x and hexadecimal digits:
// a Class may be any bytes.
func readable(value []byte) string {
	text := string(value)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return "0x" + hex.EncodeToString(value)
	}
	return text
}
