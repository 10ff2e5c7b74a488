package mail

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

const mailHost = "mail.example.org"

// TestStartTLS: what a server says before TLS counts no more behind it.
func TestStartTLS(t *testing.T) {
	pop3TLS := "tls\n> CAPA\n< +OK\n< USER\n< .\n> USER bob\n< +OK\n> PASS s3cret-word\n< +OK"
	imapTLS := "tls\n> \\S+ CAPABILITY\n< * CAPABILITY AUTH=PLAIN\n< TAG OK\n> \\S+ AUTHENTICATE PLAIN\n< +\n> " + plainMessage + "\n< TAG OK"
	smtpTLS := "tls\n> EHLO \\S+\n< 250-hi\n< 250 AUTH LOGIN\n> AUTH LOGIN\n< 334\n> " + userBase64 + "\n< 334\n> " + secretBase64 + "\n< 235"
	for name, c := range map[string]struct {
		protocol Protocol
		mode     StartTLS
		script   script
		outcome  protocol.Outcome
		cause    string
	}{
		"pop3":          {POP3, Required, script("< +OK\n> STLS\n< +OK\n" + pop3TLS), yes, ""},
		"pop3 offered":  {POP3, Offered, script("< +OK\n> CAPA\n< +OK\n< SASL PLAIN\n< STLS\n< .\n> STLS\n< +OK\n" + pop3TLS), yes, ""},
		"pop3 not":      {POP3, Required, "< +OK\n> STLS\n< -ERR\n> QUIT", maybe, "no STARTTLS"},
		"pop3 broken":   {POP3, Offered, "< +OK\n> CAPA\n< +OK\n< STLS\n< SASL PLAIN\n< .\n> STLS\n< -ERR\n> CAPA\n< -ERR\n> USER bob\n< +OK\n> PASS s3cret-word\n< +OK", yes, ""},
		"pop3 stripped": {POP3, Offered, "< +OK\n> CAPA\n< +OK\n< USER\n< .\n> USER bob\n< +OK\n> PASS s3cret-word\n< +OK", yes, ""},
		"pop3 injected": {POP3, Required, script("< +OK\n> STLS\n<< +OK\\r\\n+OK\\r\\n\n" + pop3TLS), maybe, "cannot be trusted"},
		"pop3 no TLS":   {POP3, Required, "< +OK\n> STLS\n< +OK\nclose", maybe, "closed"},
		"pop3 early":    {POP3, Required, "<< +OK\\r\\n+OK\\r\\n", maybe, "before it is asked"},
		"imap":          {IMAP, Required, script("< * OK [CAPABILITY AUTH=PLAIN SASL-IR] hi\n> \\S+ STARTTLS\n< TAG OK\n" + imapTLS), yes, ""},
		"imap offered":  {IMAP, Offered, script("< * OK [CAPABILITY STARTTLS] hi\n> \\S+ STARTTLS\n< TAG OK\n" + imapTLS), yes, ""},
		"imap not":      {IMAP, Required, "< * OK hi\n> \\S+ STARTTLS\n< TAG BAD what?\n> \\S+ LOGOUT", maybe, "no STARTTLS"},
		"imap PREAUTH":  {IMAP, Required, "< * PREAUTH hi\n> \\S+ LOGOUT", maybe, "PREAUTH"},
		"imap injected": {IMAP, Required, script("< * OK hi\n> \\S+ STARTTLS\n<< TAG OK\\r\\n* CAPABILITY AUTH=PLAIN\\r\\n\n" + imapTLS), maybe, "cannot be trusted"},
		"smtp":          {SMTP, Required, script("< 220 hi\n> EHLO \\S+\n< 250-hi\n< 250-AUTH PLAIN\n< 250 STARTTLS\n> STARTTLS\n< 220\n" + smtpTLS), yes, ""},
		"smtp not":      {SMTP, Required, "< 220 hi\n> EHLO \\S+\n< 250-hi\n< 250 AUTH PLAIN\n> QUIT", maybe, "no STARTTLS"},
		"smtp busy":     {SMTP, Required, "< 220 hi\n> EHLO \\S+\n< 250-hi\n< 250 STARTTLS\n> STARTTLS\n< 454 no TLS now\n> QUIT", maybe, "no STARTTLS"},
		"smtp injected": {SMTP, Required, script("< 220 hi\n> EHLO \\S+\n< 250-hi\n< 250 STARTTLS\n> STARTTLS\n<< 220 go\\r\\n250 AUTH PLAIN\\r\\n\n" + smtpTLS), maybe, "cannot be trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{t: t, scripts: []script{c.script}}
			v := ask(t, Options{
				Servers: []Server{mustParse(t, c.protocol, c.protocol.String()+"://"+mailHost)}, StartTLS: c.mode, Insecure: true,
				CA: OpenCA(caFile(t), slog.New(slog.DiscardHandler)), Dial: s.dial,
			}, testUser, testPassword)
			s.play.Wait()
			if v.Outcome() != c.outcome {
				t.Errorf("%v (%v), want %v", v.Outcome(), v.Cause(), c.outcome)
			}
			if c.outcome == maybe {
				checkCause(t, v.Cause().Error(), c.cause)
			}
			if n := attempts(s.lines()); n > 1 || n == 1 && strings.Contains(c.cause, "TLS") {
				t.Errorf("%d attempts: %q", n, s.lines())
			}
		})
	}
}

// TestImplicitTLS: the server's name and its CA are checked; nothing is sent to
// another.
func TestImplicitTLS(t *testing.T) {
	ok := script("tls\n" + smtpStart + "< 235")
	for name, c := range map[string]struct {
		uri, tlsName string
		ca           bool
		script       script
		outcome      protocol.Outcome
		cause        string
	}{
		"good":       {"smtps://" + mailHost, "", true, ok, yes, ""},
		"other name": {"smtps://elsewhere.example.org", "", true, ok, maybe, "elsewhere.example.org"},
		"told name":  {"smtps://192.0.2.1", mailHost, true, ok, yes, ""},
		"wrong name": {"smtps://" + mailHost, "elsewhere.example.org", true, ok, maybe, "elsewhere.example.org"},
		"other CA":   {"smtps://" + mailHost, "", false, ok, maybe, "unknown authority"},
		"plain":      {"smtps://" + mailHost, "", true, "swallow\n< 220 mail.example.org here\nclose", maybe, "STARTTLS"},
		"hangs up":   {"smtps://" + mailHost, "", true, "close", maybe, "smtps://"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{t: t, scripts: []script{c.script}, tcp: true}
			// Offered is about servers that start plain only.
			opt := Options{Servers: []Server{mustParse(t, SMTP, c.uri)}, StartTLS: Offered, TLSName: c.tlsName, Dial: s.dial}
			if c.ca {
				opt.CA = OpenCA(caFile(t), slog.New(slog.DiscardHandler))
			}
			v := ask(t, opt, testUser, testPassword)
			if v.Outcome() != c.outcome {
				t.Errorf("%v (%v), want %v", v.Outcome(), v.Cause(), c.outcome)
			}
			if c.outcome == maybe {
				checkCause(t, v.Cause().Error(), c.cause)
			}
		})
	}
}

// TestOldTLS: old TLS is better than none, and nothing where there must be TLS.
func TestOldTLS(t *testing.T) {
	for mode, want := range map[StartTLS]protocol.Outcome{Offered: yes, Required: maybe} {
		start := "< +OK\n> STLS\n< +OK\n"
		if mode == Offered {
			start = "< +OK\n> CAPA\n< +OK\n< STLS\n< .\n> STLS\n< +OK\n"
		}
		s := &server{t: t, tcp: true, scripts: []script{script(start + "tls 1.0\n> CAPA\n< -ERR\n> USER bob\n< +OK\n> PASS s3cret-word\n< +OK")}}
		v := ask(t, Options{Servers: []Server{mustParse(t, POP3, "pop3://192.0.2.1")}, StartTLS: mode, Insecure: true, Dial: s.dial}, testUser, testPassword)
		if v.Outcome() != want {
			t.Errorf("%v: %v (%v)", mode, v.Outcome(), v.Cause())
		}
	}
}

// TestNoCA: without the file nobody is asked.
func TestNoCA(t *testing.T) {
	s := &server{t: t, scripts: []script{""}}
	log := slog.New(slog.DiscardHandler)
	v := ask(t, Options{Servers: []Server{mustParse(t, IMAP, mailHost)}, CA: OpenCA("nowhere", log), Dial: s.dial}, testUser, testPassword)
	if v.Outcome() != maybe || !strings.Contains(v.Cause().Error(), "nowhere") || s.dialled != 0 {
		t.Errorf("%v (%v), dialled %d times", v.Outcome(), v.Cause(), s.dialled)
	}
}

// TestClear: whoever may read passwords on the way must be permitted to.
func TestClear(t *testing.T) {
	for _, c := range []struct {
		uri      string
		mode     StartTLS
		insecure bool
		ok       bool
		warnings int
	}{
		{"imaps://" + mailHost, Never, false, true, 0},
		{"imap://" + mailHost, Required, false, true, 0},
		{"imap://" + mailHost, Offered, false, false, 0},
		{"imap://" + mailHost, Never, false, false, 0},
		{"imap://" + mailHost, Never, true, true, 1},
		{"imap://" + mailHost, Offered, true, true, 1},
		{"imap://127.0.0.1", Never, false, true, 0},
		{"imap://[::1]", Offered, false, true, 0},
		{"imap://localhost", Never, false, true, 0},
		{"imap://localhost.example.org", Never, false, false, 0},
	} {
		var log strings.Builder
		_, err := New(Options{
			Servers: []Server{mustParse(t, IMAP, c.uri)}, StartTLS: c.mode, Insecure: c.insecure,
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if (err == nil) != c.ok || strings.Count(log.String(), "level=WARN") != c.warnings {
			t.Errorf("%+v: %v\n%s", c, err, log.String())
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no server is no error")
	}
}

// TestIllegal: what could be taken for more than a name and a password is refused
// before anybody is asked.
func TestIllegal(t *testing.T) {
	for _, c := range []struct {
		user, password string
		reason         basic.Reason
	}{
		{"bob\r\nPASS x", "secret", basic.IllegalName},
		{"bob\n", "secret", basic.IllegalName},
		{"bob\r", "secret", basic.IllegalName},
		{"\x00bob", "secret", basic.IllegalName},
		{"bob ", "secret", basic.IllegalName},
		{"\u00a0bob", "secret", basic.IllegalName},
		{strings.Repeat("b", maxUser+1), "secret", basic.IllegalName},
		{"bob", "secret\r\nDELE 1", IllegalPassword},
		{"bob", "\nsecret", IllegalPassword},
		{"bob", "secret\r", IllegalPassword},
		{"bob", "sec\x00ret", IllegalPassword},
		{"bob", strings.Repeat("p", maxPassword+1), basic.PasswordTooLong},
	} {
		s := &server{t: t, scripts: []script{""}}
		v := ask(t, Options{Servers: []Server{mustParse(t, POP3, mailHost)}, Dial: s.dial}, c.user, c.password)
		if v.Outcome() != no || v.Reason() != c.reason || s.dialled != 0 {
			t.Errorf("%q %q: %v %v, dialled %d times", c.user, c.password, v.Outcome(), v.Reason(), s.dialled)
		}
	}
}

// TestForms: odd names and passwords arrive as they are.
func TestForms(t *testing.T) {
	long := strings.Repeat("p", 600)
	for name, c := range map[string]struct {
		protocol       Protocol
		user, password string
		script         script
		outcome        protocol.Outcome
	}{
		"pop3 blanks":        {POP3, "b ob", " pass word ", "< +OK\n> CAPA\n< -ERR\n> USER b ob\n< +OK\n> PASS  pass word \n< +OK", yes},
		"pop3 long password": {POP3, "bob", long, "< +OK\n> CAPA\n< -ERR\n> QUIT", no},
		"pop3 long user":     {POP3, strings.Repeat("u", maxUser), "x", "< +OK\n> CAPA\n< -ERR\n> QUIT", no},
		"pop3 long AUTH": {POP3, "bob", long, script("< +OK\n> CAPA\n< +OK\n< SASL PLAIN\n< .\n> AUTH PLAIN\n< + \n> " +
			plain("bob", long) + "\n< +OK"), yes},
		"pop3 long AUTH refused": {POP3, "bob", long, "< +OK\n> CAPA\n< +OK\n< SASL PLAIN\n< .\n> AUTH PLAIN\n< -ERR\n> QUIT", maybe},
		"imap quotes":            {IMAP, `b"ob`, `\"\`, "< * OK [CAPABILITY X] hi\n> \\S+ LOGIN \"b\\\\\"ob\" \"\\\\\\\\\\\\\"\\\\\\\\\"\n< TAG OK", yes},
		"imap literal":           {IMAP, "bob", "pä ss ", "< * OK [CAPABILITY X] hi\n> \\S+ LOGIN \"bob\" \\{7\\}\n< +\n> pä ss \n< TAG OK", yes},
		"imap literals":          {IMAP, "bób", "pä", "< * OK [CAPABILITY X] hi\n> \\S+ LOGIN \\{4\\}\n< + go\n> bób \\{3\\}\n< + go\n> pä\n< TAG OK", yes},
		"imap literal name":      {IMAP, "bób", "p", "< * OK [CAPABILITY X] hi\n> \\S+ LOGIN \\{4\\}\n< + go\n> bób \"p\"\n< TAG OK", yes},
		"imap literal refused":   {IMAP, "bób", "p", "< * OK [CAPABILITY X] hi\n> \\S+ LOGIN \\{4\\}\n< TAG NO [AUTHENTICATIONFAILED]\n> \\S+ LOGOUT", no},
		"imap literal too big":   {IMAP, "bób", "p", "< * OK [CAPABILITY X] hi\n> \\S+ LOGIN \\{4\\}\n< TAG BAD\n> \\S+ LOGOUT", maybe},
		"imap long":              {IMAP, "bob", long + long[:300], script("< * OK [CAPABILITY AUTH=PLAIN SASL-IR] hi\n> \\S+ AUTHENTICATE PLAIN\n< +\n> " + plain("bob", long+long[:300]) + "\n< TAG OK"), yes},
		"smtp long":              {SMTP, "bob", long, script("< 220 hi\n> EHLO \\S+\n< 250-hi\n< 250 AUTH PLAIN\n> AUTH PLAIN\n< 334 \n> " + plain("bob", long) + "\n< 235"), yes},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{t: t, scripts: []script{c.script}}
			v := ask(t, Options{Servers: []Server{mustParse(t, c.protocol, c.protocol.String()+"://127.0.0.1")}, StartTLS: Never, Dial: s.dial}, c.user, c.password)
			s.play.Wait()
			if v.Outcome() != c.outcome {
				t.Errorf("%v %v (%v), want %v", v.Outcome(), v.Reason(), v.Cause(), c.outcome)
			}
		})
	}
}

// TestDomain: the server knows the user by another name than Squid.
func TestDomain(t *testing.T) {
	for user, sent := range map[string]string{"bob": "bob@example.org", "bob@elsewhere": "bob@elsewhere", "bob@": "bob@"} {
		s := &server{t: t, scripts: []script{script("< +OK\n> CAPA\n< -ERR\n> USER " + sent + "\n< +OK\n> PASS secret\n< +OK")}}
		v := ask(t, Options{Servers: []Server{mustParse(t, POP3, "pop3://127.0.0.1")}, StartTLS: Never, Domain: "example.org", Dial: s.dial}, user, "secret")
		if v.Outcome() != yes || v.Identity().User != user {
			t.Errorf("%s: %v as %q", user, v.Outcome(), v.Identity().User)
		}
	}
}

// TestServers: who fails before the password is sent has the next one asked, and is
// itself asked last for a while. Who fails afterwards does not.
func TestServers(t *testing.T) {
	good := script("< +OK\n> CAPA\n< -ERR\n> USER bob\n< +OK\n> PASS s3cret-word\n< +OK")
	for name, c := range map[string]struct {
		first    *server
		outcome  protocol.Outcome // of the first login; the second is good
		attempts int              // at the first server
		warning  string
	}{
		"refuses":     {&server{refuse: true}, yes, 0, "connection refused"},
		"hangs":       {&server{hang: true}, yes, 0, "no answer in time"},
		"turns away":  {&server{scripts: []script{"< -ERR busy"}}, yes, 0, "busy"},
		"silent":      {&server{scripts: []script{"silence"}}, yes, 0, "no answer in time"},
		"hangs up":    {&server{scripts: []script{pop3Start + "close"}}, maybe, 1, "closed the connection"},
		"says broken": {&server{scripts: []script{pop3Start + "< -ERR [SYS/TEMP] database"}}, maybe, 1, "database"},
		"says no":     {&server{scripts: []script{pop3Start + "< -ERR [AUTH] no", good}}, no, 2, ""},
		"late":        {&server{scripts: []script{pop3Start + "silence"}}, maybe, 1, "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				first, second := c.first, &server{t: t, scripts: []script{good}}
				first.t = t
				b, err := New(Options{
					Servers:  []Server{mustParse(t, POP3, "pop3://127.0.0.1"), mustParse(t, POP3, "pop3://127.0.0.2")},
					StartTLS: Never, Log: slog.New(slog.NewTextHandler(&log, nil)),
					Dial: pick(map[string]*server{"127.0.0.1:110": first, "127.0.0.2:110": second}),
				})
				if err != nil {
					t.Fatal(err)
				}
				for i, want := range []protocol.Outcome{c.outcome, yes} {
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					v := b.Authenticate(ctx, testUser, testPassword)
					if v.Outcome() != want {
						t.Errorf("login %d: %v (%v)", i, v.Outcome(), v.Cause())
					}
					if lost := name == "hangs up" || name == "late"; v.IsUnanswered() != (lost && want == maybe) {
						t.Errorf("login %d is unanswered: %v", i, v.IsUnanswered())
					}
					cancel()
				}
				first.play.Wait()
				second.play.Wait()
				if n := attempts(first.lines()); n != c.attempts {
					t.Errorf("%d attempts at the first", n)
				}
				if first.dialled > 1 && c.outcome != no {
					t.Error("the first is asked again at once")
				}
				if n := strings.Count(log.String(), "level=WARN"); !strings.Contains(log.String(), c.warning) || (n == 1) != (c.warning != "") {
					t.Errorf("log:\n%s", log.String())
				}
				time.Sleep(avoidFor)
				if order := b.ranking.order(); order[0] != 0 {
					t.Errorf("the order is %v after a while", order)
				}
			})
		})
	}
}

// pick returns a dial function for servers by their addresses.
func pick(servers map[string]*server) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return servers[address].dial(ctx, network, address)
	}
}

// TestConnections: no more are open than may be, and who waited until the end is told. All
// end at once: at a deadline a connection might end before the others look.
func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{t: t, scripts: []script{"silence"}}
		b, err := New(Options{
			Servers: []Server{mustParse(t, POP3, "pop3://127.0.0.1")}, StartTLS: Never, Connections: 2,
			Dial: s.dial, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		verdicts := make(chan basic.Verdict, 5)
		for range cap(verdicts) {
			go func() { verdicts <- b.Authenticate(ctx, testUser, testPassword) }()
		}
		synctest.Wait()
		if s.dialled != 2 {
			t.Errorf("%d connections", s.dialled)
		}
		cancel()
		reasons := map[basic.Reason]int{}
		for range cap(verdicts) {
			v := <-verdicts
			if v.Outcome() != maybe {
				t.Error(v.Outcome())
			}
			reasons[v.Reason()]++
		}
		if reasons[basic.Overloaded] != 3 || reasons[basic.Unavailable] != 2 {
			t.Errorf("%v", reasons)
		}
		s.play.Wait()
	})
}
