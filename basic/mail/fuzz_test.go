package mail

import (
	"context"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"squidauth/basic"
)

// recorded is a server's side of a session, of which the client gets a line at a time.
// TAG in it stands for the tag of the client's last command.
type recorded struct {
	net.Conn
	lines   []string
	tag     string
	written strings.Builder
}

func (r *recorded) Read(p []byte) (int, error) {
	if len(r.lines) == 0 {
		return 0, io.EOF
	}
	line := strings.ReplaceAll(r.lines[0], "TAG", r.tag)
	n := copy(p, line)
	r.lines[0] = line[n:]
	if n == len(line) {
		r.lines = r.lines[1:]
	}
	return n, nil
}

func (r *recorded) Write(p []byte) (int, error) {
	if first, _, _ := strings.Cut(string(p), " "); isTag.MatchString(first) {
		r.tag = first
	}
	return r.written.Write(p)
}

func (r *recorded) Close() error                { return nil }
func (r *recorded) SetDeadline(time.Time) error { return nil }
func (r *recorded) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)} }

// What a server must have said at least where the answer is yes or no.
var mustHave = map[Protocol]map[bool]*regexp.Regexp{
	POP3: {
		true:  regexp.MustCompile(`(?s)^\+OK.*\n\+OK(?: [^\n]*)?\r?\n`),
		false: regexp.MustCompile(`(?s)^\+OK.*\n-ERR(?: [^\n]*)?\r?\n`),
	},
	IMAP: {
		true:  regexp.MustCompile(`(?is)^\* OK.*\nTAG OK(?: [^\n]*)?\r?\n`),
		false: regexp.MustCompile(`(?is)^\* OK.*\nTAG NO(?: [^\n]*)?\r?\n`),
	},
	SMTP: {
		true:  regexp.MustCompile(`(?s)^220.*\n250.*\n235(?: [^\n]*)?\r?\n`),
		false: regexp.MustCompile(`(?s)^220.*\n250.*\n5[0-9][0-9](?: [^\n]*)?\r?\n`),
	},
}

// FuzzSession has servers say anything. The answer is never yes or no unless they said
// so, the password is sent once at most, never before their greeting, and is in no
// error.
func FuzzSession(f *testing.F) {
	for p, talks := range map[Protocol]map[string]talk{POP3: pop3Talks, IMAP: imapTalks, SMTP: smtpTalks} {
		for _, talk := range talks {
			f.Add(byte(p), testUser, saidIn(talk.script))
		}
	}
	f.Fuzz(func(t *testing.T, number byte, user, said string) {
		p := Protocol(number%3) + POP3
		conn := &recorded{lines: strings.SplitAfter(said, "\n")}
		v := ask(t, Options{
			Servers: []Server{mustParse(t, p, p.String()+"://127.0.0.1")}, StartTLS: Never,
			Log:  slog.New(slog.DiscardHandler),
			Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		}, user, testPassword)
		sent := conn.written.String()
		attempts := 0
		for line := range strings.Lines(sent) {
			if strings.Contains(line, testPassword) || strings.Contains(line, plain(user, testPassword)) || strings.Contains(line, secretBase64) {
				attempts++
			}
		}
		if attempts > 1 && !strings.Contains(user, testPassword) {
			t.Errorf("%d attempts: %q", attempts, sent)
		}
		if strings.Count(sent, "\n") != strings.Count(sent, "\r\n") || strings.Count(sent, "\r") != strings.Count(sent, "\n") {
			t.Errorf("odd ends of lines: %q", sent)
		}
		switch v.Outcome() {
		case maybe:
			if cause := v.Cause().Error(); strings.Contains(cause, testPassword) && !strings.Contains(said, testPassword) {
				t.Errorf("cause %q", cause)
			}
		case no:
			if v.Reason() != basic.IllegalName && !mustHave[p][false].MatchString(said) {
				t.Errorf("no (%v) to %q", v.Reason(), said)
			}
		case yes:
			if !mustHave[p][true].MatchString(said) {
				t.Errorf("yes to %q", said)
			}
		}
	})
}

// saidIn returns what the server says in a script.
func saidIn(s script) string {
	var said strings.Builder
	for line := range strings.Lines(string(s)) {
		if text, found := strings.CutPrefix(line, "< "); found {
			said.WriteString(strings.TrimSuffix(text, "\n") + "\r\n")
		}
	}
	return said.String()
}

var (
	aSMTP    = regexp.MustCompile(`^([2-5][0-9]{2})(?:([ -])(?s:(.*)))?$`)
	aLiteral = regexp.MustCompile(`\{[0-9]+\+?\}$`)
	aPOP3    = regexp.MustCompile(`^(\+OK|-ERR)(?: (?s:(.*)))?$`)
)

// FuzzLine compares the readers of lines with what the grammars say of them.
func FuzzLine(f *testing.F) {
	for _, line := range []string{
		"", "+OK", "+OK x", "+OKAY", "-ERR [AUTH] x", "235 ok", "235-ok", "235", "2355", "23", "599 x", "600 x", "135 x",
		"* OK [CAPABILITY A B] x", "* CAPABILITY A", "+ ", "+", "a1 NO [X", "a1 OK {1}", "a1", "* ", " OK",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		m := aSMTP.FindStringSubmatch(line)
		code, text, more, valid := parseSMTP(line)
		if valid != (m != nil) || valid && (code != m[1] || more != (m[2] == "-") || text != m[3]) {
			t.Errorf("SMTP %q: %q %q %v %v", line, code, text, more, valid)
		}
		m = aPOP3.FindStringSubmatch(line)
		ok, text, valid := parsePOP3(line)
		if valid != (m != nil) || valid && (ok != (m[1] == "+OK") || text != m[2]) {
			t.Errorf("POP3 %q: %v %q %v", line, ok, text, valid)
		}
		if endsInLiteral(line) != aLiteral.MatchString(line) {
			t.Errorf("IMAP %q: literal %v", line, endsInLiteral(line))
		}
		l, valid := parseIMAP(line)
		if valid && l.tag != "+" && !strings.HasPrefix(strings.ToUpper(line), strings.ToUpper(l.tag+" "+l.word)) {
			t.Errorf("IMAP %q: %+v", line, l)
		}
		if !valid && l != (imapLine{}) {
			t.Errorf("IMAP %q is not valid, but %+v", line, l)
		}
		if l.code != "" && !strings.Contains(strings.ToUpper(l.text), "["+l.code) {
			t.Errorf("IMAP %q: code %q", line, l.code)
		}
	})
}

// FuzzQuoted: who reads a quoted string gets back what was written, in one line.
func FuzzQuoted(f *testing.F) {
	f.Add(`a"b\c`)
	f.Add(`\\""`)
	f.Fuzz(func(t *testing.T, word string) {
		if !isQuotable(word) {
			t.Skip()
		}
		q := quoted(word)
		var got strings.Builder
		for i := 1; i < len(q)-1; i++ {
			if q[i] == '"' {
				t.Fatalf("%q ends early", q)
			}
			if q[i] == '\\' {
				i++
			}
			got.WriteByte(q[i])
		}
		if got.String() != word || q[0] != '"' || q[len(q)-1] != '"' || strings.ContainsAny(q, "\r\n") {
			t.Errorf("%q is %q", word, q)
		}
	})
}
