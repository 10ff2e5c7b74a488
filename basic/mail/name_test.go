package mail

import (
	"testing"
	"testing/synctest"

	"squidauth/basic"
)

// TestNamesInWords: a user's name that a server repeats is no word of the server's. What
// is not counted as a wrong password is asked three times by Squid.
func TestNamesInWords(t *testing.T) {
	for _, c := range []struct {
		user, words string
		reason      basic.Reason
	}{
		{"lockwood", `[AUTH] Password supplied for account "Lockwood" is incorrect.`, basic.WrongPassword},
		{"lockwood", "account lockwood is temporarily locked", basic.AccountLocked},
		{"lockwood@example.org", "wrong password for account lockwood", basic.WrongPassword},
		{"temporary", "[AUTH] login of temporary failed", basic.WrongPassword},
		{"temporary", "login of <temporary@example.org> failed", basic.WrongPassword},
		{"tls.admin", "no such user: tls.admin", basic.WrongPassword},
		{"a.c+(x", "account a.c+(x is disabled", basic.AccountDisabled},
		{"t", "temporary failure", basic.Unavailable},
		{"count", "account locked, count", basic.AccountLocked},
		{"unavailable\u00e9", "login of unavailable\u00c9 failed", basic.WrongPassword},
		{"\xff", "temporary failure of \xff", basic.Unavailable},
	} {
		for start, p := range map[string]Protocol{
			"< +OK ready\n> CAPA\n< -ERR\n> USER .*\n< +OK\n> PASS .*\n< -ERR ":                                                  POP3,
			"< * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\n> \\S+ AUTHENTICATE PLAIN .*\n< TAG NO ":                    IMAP,
			"< 220 mail.example.org\n> EHLO \\S+\n< 250-mail.example.org\n< 250 AUTH PLAIN\n> AUTH PLAIN .*\n< 535 5.7.8 ":       SMTP,
			"< 220 mail.example.org\n> EHLO \\S+\n< 250-mail.example.org\n< 250 AUTH LOGIN\n> AUTH LOGIN\n< 334 x\n> .*\n< 535 ": SMTP,
		} {
			synctest.Test(t, func(t *testing.T) {
				s := &server{t: t, scripts: []script{script(start + c.words)}}
				v := ask(t, Options{Servers: []Server{mustParse(t, p, p.String()+"://127.0.0.1")}, StartTLS: Never, Dial: s.dial}, c.user, testPassword)
				s.play.Wait()
				if v.Reason() != c.reason {
					t.Errorf("%v, %q: %s: got %s, want %s", p, c.user, c.words, v.Reason(), c.reason)
				}
			})
		}
	}
}
