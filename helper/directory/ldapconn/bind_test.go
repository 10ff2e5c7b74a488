package ldapconn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/protocol"
)

const user, right, wrong = "uid=alice,dc=test", "right-password", "wrong-password"

// directory knows alice's password, and answers searches.
func directory(r ldaptest.Request) []byte {
	if r.Op == ldaptest.Bind {
		if name, password := r.Login(); name != user || password != right {
			return r.Result(ldap.LDAPResultInvalidCredentials, "no")
		}
	}
	return answer(r)
}

// login logs alice in. It fails the test if that takes too long.
func login(t *testing.T, p *Pool, password protocol.Secret) (Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	began := time.Now()
	a, err := p.Bind(ctx, user, password, nil)
	if took := time.Since(began); took > most {
		t.Errorf("a bind took %v", took)
	}
	return a, err
}

// TestBindOnOneConnection: whatever came of one login, the next one takes the same
// connection and is judged by its own password.
func TestBindOnOneConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &ldaptest.Server{Reply: directory}
		p := newPool(Options{}, s).ForUsers()
		for _, password := range []protocol.Secret{right, wrong, right, wrong, wrong, right} {
			a, err := login(t, p, password)
			if err != nil || (a.Code == 0) != (password == right) || a.Code != 0 && (a.Code != ldap.LDAPResultInvalidCredentials || a.Text != "no") {
				t.Errorf("%+v, %v", a, err)
			}
		}
		if s.Dialled() != 1 || s.Count(ldaptest.Bind) != 6 {
			t.Errorf("%d connections, %d binds", s.Dialled(), s.Count(ldaptest.Bind))
		}
	})
}

// TestBindOnce: what may have counted as a wrong password is not sent to another
// server, nor again to the same.
func TestBindOnce(t *testing.T) {
	bind := func(reply func(ldaptest.Request) []byte) *ldaptest.Server { return answering(ldaptest.Bind, reply) }
	for name, c := range map[string]struct {
		server *ldaptest.Server
		want   string // the error; empty: an answer
	}{
		"wrong password":  {&ldaptest.Server{Reply: directory}, ""},
		"silence":         {bind(silence), "no answer in time"},
		"end":             {bind(hangup), "closed the connection"},
		"garbage":         {bind(func(ldaptest.Request) []byte { return []byte(garbage(1)["text"]) }), "0.test"},
		"another message": {bind(func(r ldaptest.Request) []byte { r.ID += 7; return r.Result(0, "") }), "was not asked for"},
		"other operation": {bind(func(r ldaptest.Request) []byte { return []byte(garbage(byte(r.ID))["empty operation"]) }), "0.test"},
		"bad control": {bind(func(r ldaptest.Request) []byte {
			return r.ResultWith(0, "", nil, ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: "\x30\x03\x81\x01\x63"})
		}), "0.test"},
		"busy":     {bind(func(r ldaptest.Request) []byte { return r.Result(ldap.LDAPResultBusy, "") }), ""},
		"referral": {bind(func(r ldaptest.Request) []byte { return r.Result(ldap.LDAPResultReferral, "") }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				other := good()
				p := newPool(Options{}, c.server, other).ForUsers()
				a, err := login(t, p, wrong)
				switch {
				case c.want == "" && (err != nil || a.Code == 0):
					t.Errorf("%+v, %v", a, err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), wrong)):
					t.Errorf("%+v, %v", a, err)
				}
				if n, m := c.server.Count(ldaptest.Bind), other.Count(ldaptest.Bind); n != 1 || m != 0 {
					t.Errorf("%d binds, and %d on the other server", n, m)
				}
			})
		})
	}
}

// TestBindUnanswered: what Squid asks again at once does not make another wrong
// password of one, but another server gets it, another password is sent, and the same
// one later.
func TestBindUnanswered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		slow, other := answering(ldaptest.Bind, silence), &ldaptest.Server{Reply: directory}
		p := newPool(Options{}, slow).ForUsers()
		try := func(password protocol.Secret, sent int) {
			t.Helper()
			if a, err := login(t, p, password); err == nil {
				t.Errorf("an answer: %+v", a)
			}
			if got := slow.Count(ldaptest.Bind); got != sent {
				t.Errorf("%d binds, want %d", got, sent)
			}
		}
		try(wrong, 1)
		for range 3 {
			try(wrong, 1)
		}
		try(right, 2)
		time.Sleep(unansweredFor)
		try(wrong, 3)

		p = newPool(Options{}, slow, other).ForUsers()
		try(right, 4)
		if a, err := login(t, p, right); err != nil || a.Code != 0 || slow.Count(ldaptest.Bind) != 4 {
			t.Errorf("with another server: %+v, %v", a, err)
		}
	})
}

// TestUnansweredIsBounded: nobody can have it remember without end.
func TestUnansweredIsBounded(t *testing.T) {
	var u unanswered
	now := time.Unix(1, 0)
	for n := range 2 * maxUnanswered {
		u.add(Server{}, fmt.Sprint(n), wrong, now)
	}
	if len(u.until) != maxUnanswered || !u.has(Server{}, "0", wrong, now) || u.has(Server{}, "0", right, now) {
		t.Errorf("%d remembered", len(u.until))
	}
	now = now.Add(unansweredFor)
	u.add(Server{}, "x", wrong, now)
	if len(u.until) != 1 || u.has(Server{}, "0", wrong, now) || !u.has(Server{}, "x", wrong, now) {
		t.Errorf("%d remembered", len(u.until))
	}
}

// TestBindElsewhere: a server that gets nothing of a login is passed over.
func TestBindElsewhere(t *testing.T) {
	for name, bad := range map[string]*ldaptest.Server{
		"refuses":   {Refuse: true},
		"hangs":     {Hang: true},
		"TLS hangs": {StartsTLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				other := &ldaptest.Server{Reply: directory}
				p := newPool(Options{}, bad, other).ForUsers()
				for range 2 {
					if a, err := login(t, p, right); err != nil || a.Code != 0 {
						t.Errorf("%+v, %v", a, err)
					}
					other.Hangup()
					synctest.Wait()
				}
				if bad.Dialled() != 1 || other.Count(ldaptest.Bind) != 2 {
					t.Errorf("dialled %d times, %d binds", bad.Dialled(), other.Count(ldaptest.Bind))
				}
			})
		})
	}
}

// TestNextBindElsewhere: what one server did not tell, Squid asks again, and then
// another one.
func TestNextBindElsewhere(t *testing.T) {
	for name, reply := range map[string]func(ldaptest.Request) []byte{
		"busy":    func(r ldaptest.Request) []byte { return r.Result(ldap.LDAPResultBusy, "") },
		"silence": silence,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				bad, other := answering(ldaptest.Bind, reply), &ldaptest.Server{Reply: directory}
				p := newPool(Options{}, bad, other).ForUsers()
				if a, err := login(t, p, right); err == nil && a.Code == 0 {
					t.Error("logged in")
				}
				if a, err := login(t, p, right); err != nil || a.Code != 0 || bad.Count(ldaptest.Bind) != 1 {
					t.Errorf("%+v, %v", a, err)
				}
			})
		})
	}
}

// TestBindKnowsWhatSearchesKnow: pools of the same servers share what failed.
func TestBindKnowsWhatSearchesKnow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		bad, other := &ldaptest.Server{Refuse: true}, &ldaptest.Server{Reply: directory}
		p := newPool(Options{}, bad, other)
		if err := search(t, p); err != nil {
			t.Error(err)
		}
		if a, err := login(t, p.ForUsers(), right); err != nil || a.Code != 0 {
			t.Errorf("%+v, %v", a, err)
		}
		if bad.Dialled() != 1 {
			t.Errorf("dialled %d times", bad.Dialled())
		}
	})
}

// TestBindAnonymous: such binds succeed, and prove nothing.
func TestBindAnonymous(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := good()
		p := newPool(Options{}, s).ForUsers()
		for _, c := range []struct {
			name     string
			password protocol.Secret
		}{{user, ""}, {"", right}, {"", ""}} {
			if _, err := p.Bind(t.Context(), c.name, c.password, nil); err != errAnonymous {
				t.Error(err)
			}
		}
		if s.Dialled() != 0 {
			t.Error("a server was asked")
		}
	})
}

// TestBindsAtOnce: logins do not wait for each other while there are connections, and
// no longer than they may when there are none.
func TestBindsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := answering(ldaptest.Bind, func(r ldaptest.Request) []byte {
			time.Sleep(most - 1)
			return directory(r)
		})
		const connections = 50
		p := newPool(Options{Connections: connections}, s).ForUsers()
		done := make(chan error)
		for range connections + 1 {
			go func() {
				_, err := login(t, p, right)
				done <- err
			}()
		}
		busy := 0
		for range connections + 1 {
			if err := <-done; errors.Is(err, errBusy) {
				busy++
			} else if err != nil && !strings.Contains(err.Error(), "no answer in time") {
				t.Error(err)
			}
		}
		if busy > 1 || s.Dialled() != connections {
			t.Errorf("%d found no connection of %d", busy, s.Dialled())
		}
	})
}

// TestSession searches as the user, and gives the connection back.
func TestSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &ldaptest.Server{Reply: directory}
		p := newPool(Options{}, s).ForUsers()
		var kept *Session
		for range 2 {
			a, err := p.Bind(t.Context(), user, right, func(s *Session) error {
				kept = s
				found, err := s.Search(t.Context(), &ldap.SearchRequest{Filter: "(cn=Staff)"})
				if err != nil || len(found) != 1 {
					t.Errorf("%v, %v", found, err)
				}
				return nil
			})
			if err != nil || a.Code != 0 {
				t.Errorf("%+v, %v", a, err)
			}
			if _, err := kept.Search(t.Context(), &ldap.SearchRequest{Filter: "(cn=Staff)"}); err == nil {
				t.Error("a session outlives its login")
			}
		}
		if s.Dialled() != 1 {
			t.Errorf("%d connections", s.Dialled())
		}
		if a, err := p.Bind(t.Context(), user, wrong, func(*Session) error { t.Error("called"); return nil }); err != nil || a.Code == 0 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// TestSessionEnds: a connection that fails under a session is not used again.
func TestSessionEnds(t *testing.T) {
	for name, c := range map[string]struct {
		reply  func(ldaptest.Request) []byte
		answer bool
	}{
		"silence": {silence, false},
		"end":     {hangup, false},
		"no":      {func(r ldaptest.Request) []byte { return r.Result(ldap.LDAPResultInsufficientAccessRights, "") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := answering(ldaptest.Search, c.reply)
				p := newPool(Options{AnswerTime: time.Second}, s).ForUsers()
				for range 2 {
					_, err := p.Bind(t.Context(), user, right, func(s *Session) error {
						_, err := s.Search(t.Context(), &ldap.SearchRequest{Filter: "(cn=Staff)"})
						return err
					})
					if err == nil || IsAnswer(err) != c.answer {
						t.Error(err)
					}
				}
				if reused := s.Dialled() == 1; reused != c.answer {
					t.Errorf("%d connections", s.Dialled())
				}
			})
		})
	}
}

// TestPolicy reads the controls of password policies, as the draft and as its
// forerunner have them.
func TestPolicy(t *testing.T) {
	none := Policy{NoPolicyError, -1, -1}
	for name, c := range map[string]struct {
		control ldaptest.Control
		want    Policy
	}{
		"none":     {ldaptest.Control{Type: "1.2.3.4", Value: "x"}, none},
		"expires":  {ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: "\x30\x05\xa0\x03\x80\x01\x3c"}, Policy{NoPolicyError, time.Minute, -1}},
		"grace":    {ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: "\x30\x05\xa0\x03\x81\x01\x02"}, Policy{NoPolicyError, -1, 2}},
		"locked":   {ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: "\x30\x03\x81\x01\x01"}, Policy{AccountLocked, -1, -1}},
		"reset":    {ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: "\x30\x03\x81\x01\x02"}, Policy{ChangeAfterReset, -1, -1}},
		"expired":  {ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: "\x30\x03\x81\x01\x00"}, Policy{PasswordExpired, -1, -1}},
		"nothing":  {ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: "\x30\x00"}, none},
		"warning":  {ldaptest.Control{Type: ldap.ControlTypeVChuPasswordWarning, Value: "60"}, Policy{NoPolicyError, time.Minute, -1}},
		"change":   {ldaptest.Control{Type: ldap.ControlTypeVChuPasswordMustChange, Value: "0"}, Policy{ChangeAfterReset, -1, -1}},
		"long ago": {ldaptest.Control{Type: ldap.ControlTypeVChuPasswordWarning, Value: "9223372036854775807"}, none},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := answering(ldaptest.Bind, func(r ldaptest.Request) []byte { return r.ResultWith(0, "", nil, c.control) })
				a, err := login(t, newPool(Options{}, s).ForUsers(), right)
				if err != nil || a.Code != 0 || a.Policy != c.want {
					t.Errorf("%+v, %v, want %+v", a, err, c.want)
				}
			})
		})
	}
}

// FuzzBind: whatever a server answers, nobody is in but by a result of success.
func FuzzBind(f *testing.F) {
	r := ldaptest.Request{ID: 1, Op: ldaptest.Bind}
	for _, code := range []int64{0, 10, 14, 49, 53} {
		f.Add(r.Result(code, "words"))
	}
	f.Add(r.ResultWith(0, "", nil, ldaptest.Control{Type: ldap.ControlTypeBeheraPasswordPolicy, Value: "\x30\x03\x81\x01\x01"}))
	for _, g := range garbage(1) {
		f.Add([]byte(g))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		bubble(t, func(t *testing.T) {
			s := &ldaptest.Server{Reply: func(ldaptest.Request) []byte { return append([]byte{}, sent...) }}
			a, err := login(t, newPool(Options{}, s).ForUsers(), right)
			if err == nil && a.Code == 0 && !strings.Contains(string(sent), "\x0a\x01\x00") && !strings.Contains(string(sent), "\x02\x01\x00") {
				t.Errorf("logged in by %q", sent)
			}
			if s.Count(ldaptest.Bind) > 1 {
				t.Error("two binds")
			}
		})
	})
}
