package mail

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"squidauth/basic"
)

// Bounds of the lines of IMAP that the client sends, in bytes, with room to spare for
// what servers take (RFC 7162 section 4 has 8192, some older ones 1000).
const (
	maxIMAP   = 900 // a command
	maxQuoted = 400 // a quoted string
)

type imap struct {
	*session
	tag    string // begins every tag: a server that answers unasked does not know it
	count  int
	offers words // nil: not asked yet
	bye    string
}

func newIMAP(s *session) *imap {
	var random [4]byte
	_, _ = rand.Read(random[:]) // which never fails
	s.chatty = true
	return &imap{session: s, tag: "a" + hex.EncodeToString(random[:]) + "x"}
}

func (i *imap) goodbye() string { return i.nextTag() + " LOGOUT" }

func (i *imap) nextTag() string {
	i.count++
	return i.tag + strconv.Itoa(i.count)
}

// imapLine is a line of a server. The tag is "*" for data, "+" for a continuation.
type imapLine struct {
	tag  string
	word string // in upper case: OK, NO, BAD, BYE, CAPABILITY …
	code string // the name of the response code, in upper case
	args string // of data, or of the response code
	text string // for people, with the response code
}

var imapStatus = map[string]bool{"OK": true, "NO": true, "BAD": true, "BYE": true, "PREAUTH": true}

// endsInLiteral reports whether a line goes on with a counted string, whose length
// stands at its end as {12} or {12+} (RFC 9051 section 4.3).
func endsInLiteral(line string) bool {
	line, closed := strings.CutSuffix(line, "}")
	line = strings.TrimSuffix(line, "+")
	before := strings.TrimRight(line, "0123456789")
	return closed && len(before) < len(line) && strings.HasSuffix(before, "{")
}

// parseIMAP reads a line (RFC 9051 section 7). There is no literal in what a server
// says before a login. valid: it is such a line.
func parseIMAP(line string) (l imapLine, valid bool) {
	tag, rest, found := strings.Cut(line, " ")
	if tag == "+" {
		return imapLine{tag: tag, text: rest}, true
	}
	word, text, _ := strings.Cut(rest, " ")
	l = imapLine{tag: tag, word: strings.ToUpper(word), text: text}
	switch {
	case !found, tag == "", word == "", endsInLiteral(line):
		return imapLine{}, false
	case !imapStatus[l.word] && tag == "*":
		l.args, l.text = text, ""
		return l, true
	case !imapStatus[l.word]:
		return imapLine{}, false
	}
	l.code, _ = cutCode(text)
	if l.code != "" {
		inside, _, _ := strings.Cut(text[1:], "]")
		_, l.args, _ = strings.Cut(inside, " ")
	}
	return l, true
}

// hear returns the next line that is no data. What data say of interest is kept.
func (i *imap) hear() (imapLine, error) {
	for {
		line, err := i.line()
		if err != nil {
			if i.bye != "" {
				err = fmt.Errorf("%w, saying %q", err, i.bye)
			}
			return imapLine{}, err
		}
		l, valid := parseIMAP(line)
		switch {
		case !valid:
			return imapLine{}, i.unexpected(line)
		case l.tag != "*":
			return l, nil
		}
		switch l.word {
		case "CAPABILITY":
			i.offer(l.args)
		case "BYE":
			i.bye = i.quote(l.text)
		}
	}
}

func (i *imap) offer(list string) {
	i.offers = words{}
	i.offers.add(strings.Fields(list)...)
}

// await returns the answer to the command with the tag.
func (i *imap) await(tag string) (imapLine, error) {
	l, err := i.hear()
	if err == nil && (l.tag != tag || l.word == "BYE" || l.word == "PREAUTH") {
		err = i.unexpected(l.tag + " " + l.word + " " + l.text)
	}
	return l, err
}

var errPREAUTH = errors.New("it lets in whoever comes from this machine (PREAUTH), so that it cannot check passwords")

func (i *imap) greet() error {
	line, err := i.line()
	if err != nil {
		return err
	}
	l, valid := parseIMAP(line)
	switch {
	case !valid:
		return i.unexpected(line)
	case l.tag == "*" && l.word == "OK":
		if l.code == "CAPABILITY" {
			i.offer(l.args)
		}
		return nil
	case l.tag == "*" && l.word == "BYE":
		return i.turnedAway(l.text)
	case l.tag == "*" && l.word == "PREAUTH":
		return errPREAUTH
	}
	return i.unexpected(line)
}

// startTLS implements RFC 9051 section 6.2.1.
func (i *imap) startTLS(must bool) (bool, error) {
	if !must {
		if err := i.learn(); err != nil || !i.offers["STARTTLS"] {
			return false, err
		}
	}
	tag := i.nextTag()
	if err := i.send(tag + " STARTTLS"); err != nil {
		return false, err
	}
	l, err := i.await(tag)
	if err != nil {
		return false, err
	}
	i.offers = nil // what was said before counts no more
	return l.word == "OK", without(l.word == "OK", must)
}

// learn asks what the server offers, unless it has told.
func (i *imap) learn() error {
	if i.offers != nil {
		return nil
	}
	tag := i.nextTag()
	if err := i.send(tag + " CAPABILITY"); err != nil {
		return err
	}
	l, err := i.await(tag)
	if err == nil && (l.word != "OK" || i.offers == nil) {
		err = i.unexpected(l.word + " " + l.text)
	}
	return err
}

func (i *imap) login(user, password string) (answer, error) {
	if err := i.learn(); err != nil {
		return answer{}, err
	}
	switch {
	case i.offers["AUTH=PLAIN"]:
		return i.authenticate(plain(user, password))
	case i.offers["LOGINDISABLED"]:
		return answer{}, errMechanisms
	}
	return i.loginCommand(user, password)
}

// authenticate is AUTHENTICATE PLAIN (RFC 9051 section 6.2.2), with an initial
// response where the server takes one (RFC 4959).
func (i *imap) authenticate(message string) (answer, error) {
	tag := i.nextTag()
	command := tag + " AUTHENTICATE PLAIN"
	if i.offers["SASL-IR"] && len(command)+1+len(message) <= maxIMAP {
		command += " " + message
		message = ""
	}
	if message == "" {
		if err := i.sendPassword(command); err != nil {
			return answer{}, err
		}
		return i.result(tag)
	}
	if a, ready, err := i.invited(tag, command); err != nil || !ready {
		return a, err
	}
	if err := i.sendPassword(message); err != nil {
		return answer{}, err
	}
	return i.result(tag)
}

// invited sends what goes on with the next line, and reports whether the server
// invites to that. If it refuses, the answer says how.
func (i *imap) invited(tag, line string) (answer, bool, error) {
	if err := i.send(line); err != nil {
		return answer{}, false, err
	}
	l, err := i.hear()
	switch {
	case err != nil:
		return answer{}, false, err
	case l.tag == "+":
		return answer{}, true, nil
	case l.tag == tag && l.word == "NO":
		return byCode(l.code, i.nameless(l.text)).said(l.text), false, nil
	case l.tag == tag:
		return failed(basic.Unavailable).said(l.word + " " + l.text), false, nil
	}
	return answer{}, false, i.unexpected(l.tag + " " + l.word)
}

// loginCommand is LOGIN (RFC 9051 section 6.2.3).
func (i *imap) loginCommand(user, password string) (answer, error) {
	tag := i.nextTag()
	line := tag + " LOGIN "
	for _, word := range []string{user, password} {
		if isQuotable(word) {
			line += quoted(word) + " "
			continue
		}
		// The literal is waited for: LITERAL+ would save a round trip for few users.
		a, ready, err := i.invited(tag, line+"{"+strconv.Itoa(len(word))+"}")
		if err != nil || !ready {
			return a, err
		}
		line = word + " "
	}
	if err := i.sendPassword(strings.TrimSuffix(line, " ")); err != nil {
		return answer{}, err
	}
	return i.result(tag)
}

// isQuotable reports whether a quoted string can have the word (RFC 3501 section 9).
func isQuotable(word string) bool {
	return len(word) <= maxQuoted && !strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r > '~' })
}

func quoted(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}

// result reads the answer to the password.
func (i *imap) result(tag string) (answer, error) {
	l, err := i.await(tag)
	switch {
	case err != nil:
		return answer{}, err
	case l.word == "OK":
		return accepted(), nil
	case l.word == "NO":
		_, rest := cutCode(l.text)
		return byCode(l.code, i.nameless(rest)).said(l.text), nil
	}
	return failed(basic.Unavailable).said(l.word + " " + l.text), nil
}
