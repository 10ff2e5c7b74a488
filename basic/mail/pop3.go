package mail

import (
	"strings"

	"squidauth/basic"
)

// maxPOP3 bounds a command of POP3 in bytes, without its end (RFC 2449 section 4).
// Servers may take what is behind it for another command.
const maxPOP3 = 253

// maxCapabilities bounds the lines of an answer to CAPA, of which there are a dozen.
const maxCapabilities = 64

type pop3 struct {
	*session
	offers     words // nil: not asked yet
	mechanisms words
}

func (p *pop3) goodbye() string { return "QUIT" }

// parsePOP3 reads the line of a status (RFC 1939 section 3). valid: it is one.
func parsePOP3(line string) (ok bool, text string, valid bool) {
	word, text, _ := strings.Cut(line, " ")
	switch word {
	case "+OK":
		return true, text, true
	case "-ERR":
		return false, text, true
	}
	return false, "", false
}

func (p *pop3) status() (ok bool, text string, err error) {
	line, err := p.line()
	if err != nil {
		return false, "", err
	}
	return p.statusOf(line)
}

func (p *pop3) statusOf(line string) (ok bool, text string, err error) {
	ok, text, valid := parsePOP3(line)
	if !valid {
		err = p.unexpected(line)
	}
	return ok, text, err
}

func (p *pop3) greet() error {
	ok, text, err := p.status()
	if err == nil && !ok {
		err = p.turnedAway(text)
	}
	return err
}

// learn asks what the server offers (RFC 2449 section 5). Old ones do not know the
// question, and offer nothing.
func (p *pop3) learn() error {
	p.offers, p.mechanisms = words{}, words{}
	if err := p.send("CAPA"); err != nil {
		return err
	}
	if ok, _, err := p.status(); err != nil || !ok {
		return err
	}
	for range maxCapabilities {
		line, err := p.line()
		if err != nil || line == "." {
			return err
		}
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		p.offers.add(fields[0])
		if strings.EqualFold(fields[0], "SASL") {
			p.mechanisms.add(fields[1:]...)
		}
	}
	return errLines
}

// startTLS implements RFC 2595 section 4.
func (p *pop3) startTLS(must bool) (bool, error) {
	if !must {
		if err := p.learn(); err != nil || !p.offers["STLS"] {
			return false, err
		}
	}
	if err := p.send("STLS"); err != nil {
		return false, err
	}
	ok, _, err := p.status()
	if err != nil {
		return false, err
	}
	p.offers = nil // what was said before counts no more
	return ok, without(ok, must)
}

func (p *pop3) login(user, password string) (answer, error) {
	if p.offers == nil {
		if err := p.learn(); err != nil {
			return answer{}, err
		}
	}
	if p.mechanisms["PLAIN"] {
		return p.authPlain(plain(user, password))
	}
	return p.userPass(user, password)
}

// authPlain is AUTH of RFC 5034.
func (p *pop3) authPlain(message string) (answer, error) {
	line := "AUTH PLAIN " + message
	if len(line) > maxPOP3 {
		if err := p.invite("AUTH PLAIN"); err != nil {
			return answer{}, err
		}
		line = message
	}
	if err := p.sendPassword(line); err != nil {
		return answer{}, err
	}
	return p.result()
}

// invite sends a command that goes on with the next line, if the server wants it.
func (p *pop3) invite(command string) error {
	if err := p.send(command); err != nil {
		return err
	}
	line, err := p.line()
	if err == nil && line != "+" && !strings.HasPrefix(line, "+ ") {
		err = p.unexpected(line)
	}
	return err
}

func (p *pop3) userPass(user, password string) (answer, error) {
	switch {
	case len("USER "+user) > maxPOP3:
		return denied(basic.IllegalName), nil
	case len("PASS "+password) > maxPOP3:
		return denied(basic.PasswordTooLong), nil
	}
	if err := p.send("USER " + user); err != nil {
		return answer{}, err
	}
	ok, text, err := p.status()
	switch {
	case err != nil:
		return answer{}, err
	case !ok && !p.offers["USER"] && len(p.offers) > 0:
		return answer{}, errMechanisms
	case !ok:
		return p.refusal(text), nil
	}
	if err := p.sendPassword("PASS " + password); err != nil {
		return answer{}, err
	}
	return p.result()
}

// result reads the answer to the password.
func (p *pop3) result() (answer, error) {
	ok, text, err := p.status()
	switch {
	case err != nil:
		return answer{}, err
	case ok:
		return accepted(), nil
	}
	return p.refusal(text), nil
}

func (p *pop3) refusal(text string) answer {
	code, rest := cutCode(text)
	return byCode(code, p.nameless(rest)).said(text)
}
