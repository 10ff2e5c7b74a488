package mail

import (
	"encoding/base64"
	"net"
	"strings"

	"squidauth/basic"
)

// maxSMTP bounds a command of SMTP in bytes, without its end (RFC 5321 section
// 4.5.3.1.4).
const maxSMTP = 510

type smtp struct {
	*session
	offers     words // nil: not asked yet
	mechanisms words
}

func (m *smtp) goodbye() string { return "QUIT" }

// smtpReply is a reply of a server (RFC 5321 section 4.2).
type smtpReply struct {
	code  string   // three digits
	lines []string // without code
}

func (r smtpReply) text() string { return r.code + " " + strings.Join(r.lines, " / ") }

// enhanced returns the status code of RFC 3463 without its class, such as 7.8.
func (r smtpReply) enhanced() string {
	word, _, _ := strings.Cut(r.lines[0], " ")
	_, rest, _ := strings.Cut(word, ".")
	return rest
}

// parseSMTP reads a line of a reply. more: another follows. valid: it is such a line.
func parseSMTP(line string) (code, text string, more, valid bool) {
	if len(line) < 3 || strings.Trim(line[:3], "0123456789") != "" || line[0] < '2' || line[0] > '5' {
		return "", "", false, false
	}
	switch {
	case len(line) == 3:
		return line, "", false, true
	case line[3] == ' ':
		return line[:3], line[4:], false, true
	case line[3] == '-':
		return line[:3], line[4:], true, true
	}
	return "", "", false, false
}

func (m *smtp) reply() (smtpReply, error) {
	var r smtpReply
	for {
		line, err := m.line()
		if err != nil {
			return smtpReply{}, err
		}
		code, text, more, valid := parseSMTP(line)
		if !valid || r.code != "" && code != r.code {
			return smtpReply{}, m.unexpected(line)
		}
		r.code, r.lines = code, append(r.lines, text)
		if !more {
			return r, nil
		}
	}
}

func (m *smtp) greet() error {
	r, err := m.reply()
	switch {
	case err != nil:
		return err
	case r.code[0] == '4', r.code[0] == '5':
		return m.turnedAway(r.text())
	case r.code != "220":
		return m.unexpected(r.text())
	}
	return nil
}

// learn introduces the client and hears what the server offers. The client's name is
// its address (RFC 5321 section 4.1.3), as it need not have another.
func (m *smtp) learn() error {
	if err := m.send("EHLO " + addressLiteral(m.raw.LocalAddr())); err != nil {
		return err
	}
	r, err := m.reply()
	switch {
	case err != nil:
		return err
	case r.code != "250":
		return m.unexpected(r.text())
	}
	m.offers, m.mechanisms = words{}, words{}
	for _, line := range r.lines[1:] {
		// Some servers still have the form "AUTH=", which is that of a draft.
		fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '=' })
		if len(fields) == 0 {
			continue
		}
		m.offers.add(fields[0])
		if strings.EqualFold(fields[0], "AUTH") {
			m.mechanisms.add(fields[1:]...)
		}
	}
	return nil
}

func addressLiteral(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case tcp.IP.To4() == nil:
		return "[IPv6:" + tcp.IP.String() + "]"
	}
	return "[" + tcp.IP.String() + "]"
}

// startTLS implements RFC 3207.
func (m *smtp) startTLS(must bool) (bool, error) {
	if err := m.learn(); err != nil {
		return false, err
	}
	if !m.offers["STARTTLS"] {
		return false, without(false, must)
	}
	if err := m.send("STARTTLS"); err != nil {
		return false, err
	}
	r, err := m.reply()
	if err != nil {
		return false, err
	}
	m.offers = nil // what was said before counts no more
	return r.code == "220", without(r.code == "220", must)
}

func (m *smtp) login(user, password string) (answer, error) {
	if m.offers == nil {
		if err := m.learn(); err != nil {
			return answer{}, err
		}
	}
	switch {
	case m.mechanisms["PLAIN"]:
		return m.authPlain(plain(user, password))
	case m.mechanisms["LOGIN"]:
		return m.authLogin(user, password)
	}
	return answer{}, errMechanisms
}

// authPlain is AUTH PLAIN of RFC 4954, with an initial response if that is not too
// long.
func (m *smtp) authPlain(message string) (answer, error) {
	line := "AUTH PLAIN " + message
	if len(line) > maxSMTP {
		if a, ready, err := m.invited("AUTH PLAIN"); err != nil || !ready {
			return a, err
		}
		line = message
	}
	if err := m.sendPassword(line); err != nil {
		return answer{}, err
	}
	return m.result()
}

// authLogin is AUTH LOGIN (draft-murchison-sasl-login): the server asks for the name
// and then for the password, in words that need not be read.
func (m *smtp) authLogin(user, password string) (answer, error) {
	for _, line := range []string{"AUTH LOGIN", base64.StdEncoding.EncodeToString([]byte(user))} {
		if a, ready, err := m.invited(line); err != nil || !ready {
			return a, err
		}
	}
	if err := m.sendPassword(base64.StdEncoding.EncodeToString([]byte(password))); err != nil {
		return answer{}, err
	}
	return m.result()
}

// invited sends what goes on with the next line, and reports whether the server
// invites to that. If it refuses, the answer says how.
func (m *smtp) invited(line string) (answer, bool, error) {
	if err := m.send(line); err != nil {
		return answer{}, false, err
	}
	r, err := m.reply()
	switch {
	case err != nil:
		return answer{}, false, err
	case r.code == "334":
		return answer{}, true, nil
	}
	return m.refusal(r), false, nil
}

// result reads the answer to the password.
func (m *smtp) result() (answer, error) {
	r, err := m.reply()
	switch {
	case err != nil:
		return answer{}, err
	case r.code == "235":
		return accepted(), nil
	}
	return m.refusal(r), nil
}

// refusal says what a reply to AUTH means that is not 235 (RFC 4954 sections 4.2
// and 6). 534 is about the user: Gmail wants another password of some.
func (m *smtp) refusal(r smtpReply) answer {
	a := failed(basic.Unavailable)
	switch {
	case r.code[0] != '5':
	case r.code == "535", r.enhanced() == "7.8":
		a = byWords(m.nameless(r.text()))
	case r.code == "534":
		a = denied(basic.LogonRefused)
	}
	return a.said(r.text())
}
