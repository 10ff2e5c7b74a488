package ldapconn

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
)

func TestOneConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := good()
		p := newPool(Options{}, s)
		for range 10 {
			if err := search(t, p); err != nil {
				t.Error(err)
			}
			time.Sleep(idleMost - 1)
		}
		if s.Dialled() != 1 || s.Open() != 1 {
			t.Errorf("%d connections, of which %d are open", s.Dialled(), s.Open())
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if s.Open() != 0 {
			t.Error("an idle connection is kept")
		}
		if err := search(t, p); err != nil || s.Dialled() != 2 {
			t.Error(err)
		}
	})
}

// TestClosedWhileIdle: servers close connections, and restart.
func TestClosedWhileIdle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := good()
		p := newPool(Options{}, s)
		for n := 1; n <= 3; n++ {
			if err := search(t, p); err != nil || s.Dialled() != n {
				t.Errorf("%v, %d connections", err, s.Dialled())
			}
			s.Hangup()
		}
	})
}

// TestDeadWhileIdle: a connection that answers no more costs no search.
func TestDeadWhileIdle(t *testing.T) {
	for name, reply := range map[string]func(ldaptest.Request) []byte{"silent": silence, "closed": hangup} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				searches := 0
				s := answering(ldaptest.Search, func(r ldaptest.Request) []byte {
					if searches++; searches == 2 {
						return reply(r)
					}
					return answer(r)
				})
				p := newPool(Options{}, s)
				for range 3 {
					if err := search(t, p); err != nil {
						t.Error(err)
					}
				}
				if s.Dialled() != 2 {
					t.Errorf("%d connections", s.Dialled())
				}
			})
		})
	}
}

// TestBadServers: whatever is wrong with one server, and in which phase, a search
// ends in time: with the other's answer, or with an error that names the fault.
func TestBadServers(t *testing.T) {
	_, ca := certificate(t, "0.test")
	type server = ldaptest.Server
	for name, c := range map[string]struct {
		bad      *server
		startTLS bool
		want     string
	}{
		"refuses":                  {&server{Refuse: true}, false, "connection refused"},
		"dial hangs":               {&server{Hang: true}, false, "no answer in time"},
		"nothing can be written":   {&server{Deaf: true}, false, "no answer in time"},
		"StartTLS cannot be asked": {&server{Deaf: true}, true, "no answer in time"},
		"bind hangs":               {answering(ldaptest.Bind, silence), false, "no answer in time"},
		"bind ends":                {answering(ldaptest.Bind, hangup), false, "closed the connection"},
		"search hangs":             {answering(ldaptest.Search, silence), false, "no answer in time"},
		"search ends":              {answering(ldaptest.Search, hangup), false, "closed the connection"},
		"busy":                     {result(ldaptest.Search, ldap.LDAPResultBusy), false, "answers with an error (Busy: words of the server)"},
		"StartTLS hangs":           {answering(ldaptest.Extended, silence), true, "no answer in time"},
		"StartTLS ends":            {answering(ldaptest.Extended, hangup), true, "closed the connection"},
		"TLS after StartTLS hangs": {good(), true, "no answer in time"},
		"other host":               {&server{Reply: answer, TLS: otherHost(t)}, true, "failed to verify certificate"},
		"TLS hangs":                {&server{StartsTLS: true}, false, "no answer in time"},
		"TLS without certificate":  {&server{StartsTLS: true, TLS: &tls.Config{}}, false, "tls: "},
		"more than was asked for":  {answering(ldaptest.Search, flood), false, "sends more than was asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			opt, _ := withSecret(t, Options{StartTLS: c.startTLS})
			opt.CA = OpenCA(ca, slog.New(slog.DiscardHandler))
			bubble(t, func(t *testing.T) {
				err := search(t, newPool(opt, c.bad))
				if err == nil || !strings.Contains(err.Error(), "0.test") || !strings.Contains(err.Error(), c.want) {
					t.Errorf("alone: %v", err)
				}
			})
			if !c.startTLS {
				bubble(t, func(t *testing.T) {
					if err := search(t, newPool(opt, c.bad, good())); err != nil {
						t.Errorf("with another: %v", err)
					}
				})
			}
			for _, r := range c.bad.Seen() {
				if c.startTLS && !r.TLS && strings.Contains(r.Body, password) {
					t.Error("the password was sent without TLS")
				}
			}
		})
	}
}

func result(op byte, code int64) *ldaptest.Server {
	return answering(op, func(r ldaptest.Request) []byte { return r.Result(code, "words of the server") })
}

func otherHost(t *testing.T) *tls.Config {
	t.Helper()
	config, _ := certificate(t, "other.test")
	return config
}

// flood is entries without end.
func flood(r ldaptest.Request) []byte {
	return []byte(strings.Repeat(string(r.Entry("cn=Staff", entry)), maxAnswer/32))
}

// TestTLS: password and search are sent over TLS only.
func TestTLS(t *testing.T) {
	for _, startTLS := range []bool{true, false} {
		config, ca := certificate(t, "0.test")
		opt, _ := withSecret(t, Options{StartTLS: startTLS, CA: OpenCA(ca, slog.New(slog.DiscardHandler))})
		s := &ldaptest.Server{Reply: answer, TLS: config, StartsTLS: !startTLS}
		bubble(t, func(t *testing.T) {
			if err := search(t, newPool(opt, s)); err != nil {
				t.Error(err)
			}
		})
		var ops []string
		for _, r := range s.Seen() {
			ops = append(ops, fmt.Sprintf("%#x %v", r.Op, r.TLS))
		}
		want := "0x60 true, 0x63 true"
		if startTLS {
			want = "0x77 false, " + want
		}
		if got := strings.Join(ops, ", "); got != want {
			t.Errorf("the server saw %s", got)
		}
	}
}

// TestAnswersAreFinal: another server would say the same, and is not asked.
func TestAnswersAreFinal(t *testing.T) {
	for op, codes := range map[byte][]int64{
		ldaptest.Search: {ldap.LDAPResultNoSuchObject, ldap.LDAPResultOperationsError, ldap.LDAPResultReferral},
		ldaptest.Bind:   {ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultInvalidCredentials},
	} {
		for _, code := range codes {
			opt, _ := withSecret(t, Options{})
			bubble(t, func(t *testing.T) {
				first, second := result(op, code), good()
				err := search(t, newPool(opt, first, second))
				if err == nil || !strings.Contains(err.Error(), "words of the server") || second.Dialled() != 0 {
					t.Errorf("%v; the other was asked %d times", err, second.Dialled())
				}
			})
		}
	}
}

// TestIsAnswer: what a server has against one search is told from what it has against
// all, and from servers that do not work.
func TestIsAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		server *ldaptest.Server
		want   bool
	}{
		"referral":          {result(ldaptest.Search, ldap.LDAPResultReferral), true},
		"no such object":    {result(ldaptest.Search, ldap.LDAPResultNoSuchObject), true},
		"rights":            {result(ldaptest.Search, ldap.LDAPResultInsufficientAccessRights), true},
		"busy":              {result(ldaptest.Search, ldap.LDAPResultBusy), false},
		"unavailable":       {result(ldaptest.Search, ldap.LDAPResultUnavailable), false},
		"bind, protection":  {result(ldaptest.Bind, ldap.LDAPResultStrongAuthRequired), false},
		"bind, password":    {result(ldaptest.Bind, ldap.LDAPResultInvalidCredentials), false},
		"silence":           {answering(ldaptest.Search, silence), false},
		"closed connection": {answering(ldaptest.Search, hangup), false},
		"refused":           {&ldaptest.Server{Refuse: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			opt, _ := withSecret(t, Options{})
			bubble(t, func(t *testing.T) {
				p := newPool(opt, c.server)
				for range 2 { // on a new connection, and on that
					if err := search(t, p); err == nil || IsAnswer(err) != c.want || !strings.HasPrefix(err.Error(), "ldap://0.test:389: ") {
						t.Errorf("%v, answer: %v", err, IsAnswer(err))
					}
				}
			})
		})
	}
}

// TestExpiredCertificate: the words are the same whenever they are said.
func TestExpiredCertificate(t *testing.T) {
	for _, startTLS := range []bool{true, false} {
		config, ca := certificateUntil(t, "0.test", time.Unix(1, 0))
		opt := Options{StartTLS: startTLS, CA: OpenCA(ca, slog.New(slog.DiscardHandler))}
		bubble(t, func(t *testing.T) {
			p := newPool(opt, &ldaptest.Server{Reply: answer, TLS: config, StartsTLS: !startTLS})
			first := search(t, p)
			time.Sleep(time.Hour)
			if second := search(t, p); first == nil || second == nil || first.Error() != second.Error() ||
				!strings.Contains(first.Error(), "certificate has expired or is not yet valid: the time is after 1970-01-01") {
				t.Errorf("%v, then %v", first, second)
			}
		})
	}
}

// TestClosedWhileWriting: what is wrong is said without the ports, of which one is
// another each time.
func TestClosedWhileWriting(t *testing.T) {
	near, far := net.Pipe()
	far.Close()
	c := &conn{wire: newWire(near)}
	if _, err := c.bind(t.Context(), user, right); err != errClosed || c.wire.line.sent {
		t.Errorf("%v, sent: %v", err, c.wire.line.sent)
	}
}

// TestHealthyFirst: a server that failed comes last for a minute.
func TestHealthyFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first, second := &ldaptest.Server{Refuse: true, Reply: answer}, good()
		p := newPool(Options{}, first, second)
		ask := func(dialled1, dialled2 int) {
			t.Helper()
			if err := search(t, p); err != nil {
				t.Error(err)
			}
			if first.Dialled() != dialled1 || second.Dialled() != dialled2 {
				t.Errorf("dialled %d and %d", first.Dialled(), second.Dialled())
			}
			second.Hangup()
			synctest.Wait()
		}
		ask(1, 1)
		ask(1, 2)
		time.Sleep(avoidFor)
		ask(2, 3)
		ask(2, 4)
		second.Refuse, first.Refuse = true, false
		ask(3, 5)
		ask(3, 5) // the same connection
	})
}

// TestRefusedPassword: guessing again and again would lock the account.
func TestRefusedPassword(t *testing.T) {
	opt, path := withSecret(t, Options{})
	bubble(t, func(t *testing.T) {
		s := answering(ldaptest.Bind, func(r ldaptest.Request) []byte {
			if strings.HasSuffix(r.Body, password) {
				return r.Result(ldap.LDAPResultInvalidCredentials, "data 52e")
			}
			return answer(r)
		})
		p := newPool(opt, s)
		binds := func(want int) {
			t.Helper()
			n := 0
			for _, r := range s.Seen() {
				if r.Op == ldaptest.Bind {
					n++
				}
			}
			if n != want {
				t.Errorf("%d binds, want %d", n, want)
			}
		}
		for range 3 {
			if err := search(t, p); err == nil || !strings.Contains(err.Error(), "refuses the bind DN or its password") ||
				!strings.Contains(err.Error(), "data 52e") || strings.Contains(err.Error(), password) {
				t.Error(err)
			}
		}
		binds(1)
		time.Sleep(refusedFor)
		if search(t, p) == nil {
			t.Error("logged in")
		}
		binds(2)
		write(t, path, "another")
		time.Sleep(time.Second)
		if err := search(t, p); err != nil {
			t.Error(err)
		}
		binds(3)
	})
}

// TestRefusedAtOnce: many connections that are opened at once are one guess.
func TestRefusedAtOnce(t *testing.T) {
	opt, _ := withSecret(t, Options{Connections: 20})
	bubble(t, func(t *testing.T) {
		s := answering(ldaptest.Bind, func(r ldaptest.Request) []byte {
			time.Sleep(time.Second)
			return r.Result(ldap.LDAPResultInvalidCredentials, "data 52e")
		})
		p := newPool(opt, s)
		done := make(chan error)
		for range 20 {
			go func() { done <- search(t, p) }()
		}
		for range 20 {
			if err := <-done; !IsRefused(err) {
				t.Error(err)
			}
		}
		if n := s.Count(ldaptest.Bind); n != 1 {
			t.Errorf("%d binds", n)
		}
	})
}

// TestBound: there are never more connections than allowed, and who waits for one
// waits no longer than told.
func TestBound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := answering(ldaptest.Search, func(r ldaptest.Request) []byte {
			time.Sleep(most / 4)
			return answer(r)
		})
		p := newPool(Options{Connections: 2}, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		errs := make(chan error)
		const searches = 12
		for range searches {
			go func() {
				_, err := p.Search(ctx, &ldap.SearchRequest{Filter: "(cn=Staff)"})
				errs <- err
			}()
		}
		synctest.Wait()
		if err := search(t, p); err != errBusy { // the others come first
			t.Errorf("got %v", err)
		}
		for range searches {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if s.Dialled() != 2 {
			t.Errorf("%d connections", s.Dialled())
		}
	})
}
