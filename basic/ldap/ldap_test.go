package ldap

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/basic"
	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/protocol"
)

// TestLogin has the verdicts of a working server, and how often it was asked.
func TestLogin(t *testing.T) {
	made := &Make{Base: base, Attribute: "uid"}
	for name, c := range map[string]struct {
		account         Account
		compare         string
		user            string
		password        protocol.Secret
		outcome         protocol.Outcome
		reason          basic.Reason
		binds, compare2 int // of the user
	}{
		"found":                {find(t), "", "alice", right, protocol.Accepted, basic.Authenticated, 1, 0},
		"found, wrong":         {find(t), "", "alice", "wrong", protocol.Denied, basic.WrongPassword, 1, 0},
		"unknown":              {find(t), "", "eve", right, protocol.Denied, basic.NoSuchUser, 0, 0},
		"twice":                {find(t), "", "twin", right, protocol.Unavailable, basic.AmbiguousUser, 0, 0},
		"entry without name":   {find(t), "", "nameless", right, protocol.Unavailable, Misconfigured, 0, 0},
		"made":                 {made, "", "alice", right, protocol.Accepted, basic.Authenticated, 1, 0},
		"made, wrong":          {made, "", "alice", "wrong", protocol.Denied, basic.WrongPassword, 1, 0},
		"made, injected":       {made, "", "alice,dc=test", right, protocol.Denied, basic.WrongPassword, 1, 0},
		"compared":             {find(t), "secret", "alice", right, protocol.Accepted, basic.Authenticated, 0, 1},
		"compared, wrong":      {find(t), "secret", "alice", "wrong", protocol.Denied, basic.WrongPassword, 0, 1},
		"compared, made":       {made, "secret", "alice", right, protocol.Accepted, basic.Authenticated, 0, 1},
		"compared, unknown":    {find(t), "secret", "eve", right, protocol.Denied, basic.NoSuchUser, 0, 0},
		"no password":          {find(t), "", "alice", "", protocol.Denied, basic.WrongPassword, 0, 0},
		"NUL":                  {find(t), "", "alice", "\x00", protocol.Denied, basic.WrongPassword, 0, 0},
		"NUL inside":           {find(t), "", "alice", right + "\x00x", protocol.Denied, basic.WrongPassword, 0, 0},
		"no name":              {find(t), "", "", right, protocol.Denied, basic.IllegalName, 0, 0},
		"blank before":         {find(t), "", " alice", right, protocol.Denied, basic.IllegalName, 0, 0},
		"blank behind":         {find(t), "", "alice ", right, protocol.Denied, basic.IllegalName, 0, 0},
		"two blanks":           {find(t), "", "al  ice", right, protocol.Denied, basic.IllegalName, 0, 0},
		"tab":                  {find(t), "", "al\tice", right, protocol.Denied, basic.IllegalName, 0, 0},
		"no-break space":       {find(t), "", "al\u00a0ice", right, protocol.Denied, basic.IllegalName, 0, 0},
		"Latin-1":              {find(t), "", "j\xfcrgen", right, protocol.Denied, basic.IllegalName, 0, 0},
		"control":              {find(t), "", "alice\x00", right, protocol.Denied, basic.IllegalName, 0, 0},
		"star":                 {find(t), "", "*", right, protocol.Denied, basic.NoSuchUser, 0, 0},
		"long":                 {find(t), "", strings.Repeat("x", 8000), right, protocol.Denied, basic.NoSuchUser, 0, 0},
		"injection, not a DN":  {made, "", "x", right, protocol.Denied, basic.WrongPassword, 1, 0},
		"password in Latin-1":  {find(t), "", "alice", "p\xe4ss", protocol.Denied, basic.WrongPassword, 1, 0},
		"blank inside a name":  {made, "", "alice smith", right, protocol.Denied, basic.WrongPassword, 1, 0},
		"percent sign in name": {find(t), "", "%s%d", right, protocol.Denied, basic.NoSuchUser, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := directoryServer()
				b := New(Options{Servers: pool(t, asService(), s), Account: c.account, Compare: c.compare, Log: quiet()})
				for n := 1; n <= 2; n++ {
					v := login(t, b, c.user, c.password)
					if v.Outcome() != c.outcome || v.Reason() != c.reason {
						t.Errorf("%v, %s, %v", v.Outcome(), v.Reason(), v.Cause())
					}
					if v.Outcome() == protocol.Accepted && v.Identity().User != c.user {
						t.Errorf("user %q", v.Identity().User)
					}
					if got := usersBinds(s); got != n*c.binds || s.Count(ldaptest.Compare) != n*c.compare2 {
						t.Errorf("after %d logins %d binds, %d compares", n, got, s.Count(ldaptest.Compare))
					}
				}
			})
		})
	}
}

// usersBinds counts those of others than the service account.
func usersBinds(s *ldaptest.Server) (n int) {
	for _, r := range s.Seen() {
		if name, _ := r.Login(); r.Op == ldaptest.Bind && name != service {
			n++
		}
	}
	return n
}

// TestSameWords: with and without plain messages, the reply to a wrong password is
// that to an unknown user.
func TestSameWords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := New(Options{Servers: pool(t, asService(), directoryServer()), Account: find(t), Log: quiet()})
		for _, plain := range []bool{false, true} {
			h := &basic.Handler{Backend: b, Name: "ldap", PlainMessages: plain}
			line := func(s string) string {
				return string(protocol.AppendReply(nil, h.Handle(t.Context(), []byte(s)), protocol.Basic, protocol.Modern))
			}
			if known, unknown := line("alice wrong"), line("eve wrong"); known != unknown {
				t.Errorf("%q and %q", known, unknown)
			}
		}
	})
}

// TestBadServers: whatever is wrong with a server is no fault of the user, and no
// second bind.
func TestBadServers(t *testing.T) {
	const search, bind = ldaptest.Search, ldaptest.Bind
	silence := func(ldaptest.Request) []byte { return []byte{} }
	end := func(ldaptest.Request) []byte { return nil }
	garbage := func(ldaptest.Request) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }
	for name, c := range map[string]struct {
		server *ldaptest.Server
		reason basic.Reason
		want   string // in the cause
		most   int    // binds of the user
	}{
		"down":             {&ldaptest.Server{Refuse: true}, basic.Unavailable, "connection refused", 0},
		"dial hangs":       {&ldaptest.Server{Hang: true}, basic.Unavailable, "no answer in time", 0},
		"search hangs":     {with(search, silence), basic.Unavailable, "no answer in time", 0},
		"search ends":      {with(search, end), basic.Unavailable, "closed the connection", 0},
		"search garbage":   {with(search, garbage), basic.Unavailable, "localhost:1", 0},
		"search refused":   {with(search, code(ldap.LDAPResultOperationsError, "bind first")), Misconfigured, "bind first", 0},
		"no base":          {with(search, code(ldap.LDAPResultNoSuchObject, "")), Misconfigured, "does not hold that part", 0},
		"search busy":      {with(search, code(ldap.LDAPResultBusy, "")), basic.Unavailable, "Busy", 0},
		"bind hangs":       {usersBind(silence), basic.Unavailable, "no answer in time", 1},
		"bind ends":        {usersBind(end), basic.Unavailable, "closed the connection", 1},
		"bind garbage":     {usersBind(garbage), basic.Unavailable, "localhost:1", 1},
		"bind busy":        {usersBind(code(ldap.LDAPResultBusy, "")), basic.Unavailable, "not ready", 1},
		"bind unavailable": {usersBind(code(ldap.LDAPResultUnavailable, "")), basic.Unavailable, "not ready", 1},
		"bind protected":   {usersBind(code(ldap.LDAPResultStrongAuthRequired, "")), Misconfigured, "use ldaps:// or StartTLS", 1},
		"bind referred":    {usersBind(code(ldap.LDAPResultReferral, "")), Misconfigured, "passwords are not sent", 1},
		"bind unwilling":   {usersBind(code(ldap.LDAPResultUnwillingToPerform, "")), Misconfigured, "not willing", 1},
		"bind, more":       {usersBind(code(14, "")), Misconfigured, "does not take the login", 1},
		"bind, unknown":    {usersBind(code(123, "")), Misconfigured, "does not take the login", 1},
		"service account":  {with(bind, code(ldap.LDAPResultInvalidCredentials, "")), basic.ServiceAccount, "refuses the bind DN or its password", 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := New(Options{Servers: pool(t, asService(), c.server), Account: find(t), Log: quiet()})
				v := login(t, b, "alice", right)
				if v.Outcome() != protocol.Unavailable || v.Reason() != c.reason || v.Cause() == nil || !strings.Contains(v.Cause().Error(), c.want) {
					t.Errorf("%v, %s, %v", v.Outcome(), v.Reason(), v.Cause())
				}
				if n := usersBinds(c.server); n != c.most {
					t.Errorf("%d binds", n)
				}
			})
		})
	}
}

// usersBind answers binds of others than the service account.
func usersBind(reply func(ldaptest.Request) []byte) *ldaptest.Server {
	return with(ldaptest.Bind, func(r ldaptest.Request) []byte {
		if name, _ := r.Login(); name == service {
			return people(r)
		}
		return reply(r)
	})
}

// TestServiceAccountIsSpared: a password that was refused is sent once, however many
// users want to log in.
func TestServiceAccountIsSpared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := with(ldaptest.Bind, code(ldap.LDAPResultInvalidCredentials, ""))
		b := New(Options{Servers: pool(t, asService(), s), Account: find(t), Log: quiet()})
		for range 20 {
			if v := login(t, b, "alice", right); v.Reason() != basic.ServiceAccount {
				t.Errorf("%s, %v", v.Reason(), v.Cause())
			}
		}
		if n := s.Count(ldaptest.Bind); n != 1 {
			t.Errorf("%d binds", n)
		}
	})
}

// TestAnswers has the verdicts of a bind's result codes and of what Active Directory
// and password policies add to them.
func TestAnswers(t *testing.T) {
	ad := func(data string) string {
		return "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data " + data + ", v3839\x00"
	}
	policy := func(value string) []ldaptest.Control {
		return []ldaptest.Control{{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: value}}
	}
	for name, c := range map[string]struct {
		code     int64
		text     string
		controls []ldaptest.Control
		outcome  protocol.Outcome
		reason   basic.Reason
	}{
		"success":         {0, "", nil, protocol.Accepted, basic.Authenticated},
		"49":              {49, "", nil, protocol.Denied, basic.WrongPassword},
		"32":              {32, "", nil, protocol.Denied, basic.NoSuchUser},
		"48":              {48, "", nil, protocol.Denied, basic.WrongPassword},
		"50":              {50, "", nil, protocol.Denied, basic.LogonRefused},
		"19":              {19, "Exceed password retry limit", nil, protocol.Denied, basic.AccountLocked},
		"34":              {34, "", nil, protocol.Unavailable, Misconfigured},
		"525":             {49, ad("525"), nil, protocol.Denied, basic.NoSuchUser},
		"52e":             {49, ad("52e"), nil, protocol.Denied, basic.WrongPassword},
		"52f":             {49, ad("52f"), nil, protocol.Denied, basic.LogonRefused},
		"530":             {49, ad("530"), nil, protocol.Denied, basic.LogonHours},
		"531":             {49, ad("531"), nil, protocol.Denied, basic.WrongWorkstation},
		"532":             {49, ad("532"), nil, protocol.Denied, basic.PasswordExpired},
		"533":             {49, ad("533"), nil, protocol.Denied, basic.AccountDisabled},
		"534":             {49, ad("534"), nil, protocol.Denied, basic.LogonRefused},
		"701":             {49, ad("701"), nil, protocol.Denied, basic.AccountExpired},
		"773":             {49, ad("773"), nil, protocol.Denied, basic.PasswordMustChange},
		"775":             {49, ad("775"), nil, protocol.Denied, basic.AccountLocked},
		"unknown to us":   {49, ad("7ff"), nil, protocol.Denied, basic.LogonRefused},
		"51f":             {49, ad("51f"), nil, protocol.Unavailable, basic.Unavailable},
		"6fd":             {49, ad("6fd"), nil, protocol.Unavailable, basic.Unavailable},
		"no number":       {49, ad("zz"), nil, protocol.Denied, basic.WrongPassword},
		"expires":         {0, "", policy("\x30\x05\xa0\x03\x80\x01\x3c"), protocol.Accepted, basic.Authenticated},
		"grace":           {0, "", policy("\x30\x05\xa0\x03\x81\x01\x02"), protocol.Accepted, basic.Authenticated},
		"must change":     {0, "", policy("\x30\x03\x81\x01\x02"), protocol.Denied, basic.PasswordMustChange},
		"policy: locked":  {49, "", policy("\x30\x03\x81\x01\x01"), protocol.Denied, basic.AccountLocked},
		"policy: expired": {49, "", policy("\x30\x03\x81\x01\x00"), protocol.Denied, basic.PasswordExpired},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := with(ldaptest.Bind, func(r ldaptest.Request) []byte { return r.ResultWith(c.code, c.text, nil, c.controls...) })
				b := New(Options{Servers: pool(t, ldapconn.Options{}, s), Account: &Make{Base: base, Attribute: "uid"}, Log: quiet()})
				v := login(t, b, "alice", right)
				if v.Outcome() != c.outcome || v.Reason() != c.reason || (v.Cause() != nil) != (c.outcome == protocol.Unavailable) {
					t.Errorf("%v, %s, %v", v.Outcome(), v.Reason(), v.Cause())
				}
				if n := s.Count(ldaptest.Bind); n != 1 {
					t.Errorf("%d binds", n)
				}
			})
		})
	}
}

// TestPolicyIsLogged: Squid cannot tell the user, so the log does.
func TestPolicyIsLogged(t *testing.T) {
	for value, want := range map[string]string{
		"\x30\x05\xa0\x03\x80\x01\x3c": "expires soon",
		"\x30\x05\xa0\x03\x81\x01\x02": "logins_left=2",
		"\x30\x03\x81\x01\x02":         "must change the password",
	} {
		bubble(t, func(t *testing.T) {
			var log bytes.Buffer
			s := with(ldaptest.Bind, func(r ldaptest.Request) []byte {
				return r.ResultWith(0, "", nil, ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: value})
			})
			b := New(Options{
				Servers: pool(t, ldapconn.Options{}, s), Account: &Make{Base: base, Attribute: "uid"},
				AdmitMustChange: true, Log: slog.New(slog.NewTextHandler(&log, nil)),
			})
			if v := login(t, b, "alice", right); v.Outcome() != protocol.Accepted {
				t.Errorf("%v, %s", v.Outcome(), v.Reason())
			}
			if !strings.Contains(log.String(), want) || !strings.Contains(log.String(), "user=alice") {
				t.Errorf("the log has %q", log.String())
			}
		})
	}
}

// TestAtOnce: logins share connections, and none waits for another while there are
// enough. Wrong passwords among them change nothing for the others.
func TestAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &ldaptest.Server{Reply: func(r ldaptest.Request) []byte {
			time.Sleep(time.Second)
			return people(r)
		}}
		opt := asService()
		opt.Connections = 25
		b := New(Options{Servers: pool(t, opt, s), Account: find(t), Log: quiet()})
		const logins = 50
		began := time.Now()
		done := make(chan bool)
		for n := range logins {
			go func() {
				password, want := protocol.Secret(right), protocol.Accepted
				if n%2 == 1 {
					password, want = "wrong", protocol.Denied
				}
				v := login(t, b, "alice", password)
				done <- v.Outcome() == want
			}()
		}
		for range logins {
			if !<-done {
				t.Error("a login was judged by another's password")
			}
		}
		if took := time.Since(began); took > 6*time.Second { // in two rounds, each of at most three requests
			t.Errorf("%d logins took %v", logins, took)
		}
		if s.Dialled() > 2*25 {
			t.Errorf("%d connections", s.Dialled())
		}
	})
}

// TestFrozen: while a server does not answer, logins are undecided in time, and the
// next one after it thaws is decided.
func TestFrozen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		frozen := false
		s := &ldaptest.Server{Reply: func(r ldaptest.Request) []byte {
			if frozen {
				return []byte{}
			}
			return people(r)
		}}
		opt := asService()
		opt.Connections, opt.ConnectTime, opt.AnswerTime = 4, 5*time.Second, 10*time.Second
		b := New(Options{Servers: pool(t, opt, s), Account: find(t), Log: quiet()})
		if v := login(t, b, "alice", right); v.Outcome() != protocol.Accepted {
			t.Fatalf("%s, %v", v.Reason(), v.Cause())
		}
		frozen = true
		done := make(chan basic.Verdict)
		for range 8 {
			go func() { done <- login(t, b, "alice", right) }()
		}
		for range 8 {
			if v := <-done; v.Outcome() != protocol.Unavailable {
				t.Errorf("%v, %s", v.Outcome(), v.Reason())
			}
		}
		frozen = false
		synctest.Wait()
		if v := login(t, b, "alice", right); v.Outcome() != protocol.Accepted {
			t.Errorf("%s, %v", v.Reason(), v.Cause())
		}
	})
}
