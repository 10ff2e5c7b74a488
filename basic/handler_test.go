package basic

import (
	"context"
	"errors"
	"strings"
	"testing"

	"squidauth/protocol"
)

// backend answers as the user's name says.
type backend struct {
	calls    int
	reloaded error
}

func (b *backend) Authenticate(_ context.Context, user string, password protocol.Secret) Verdict {
	b.calls++
	switch user {
	case "bob":
		if password == "pass word" {
			return Yes(protocol.Identity{User: "Bob"}, protocol.Pair{Key: "group", Value: "staff"})
		}
		return No(WrongPassword, "Wrong password")
	case "down":
		return Undecided("unreachable", errors.New("ldap1.example: no route to host"))
	case "zero":
		return Verdict{}
	}
	return No(NoSuchUser, "No such user")
}

func (b *backend) Reload(context.Context) error { return b.reloaded }

func TestHandle(t *testing.T) {
	tests := []struct {
		line   string
		extras int
		plain  bool
		want   string
		reason Reason
	}{
		{"bob pass%20word", 0, false, "OK group=staff", Authenticated},
		{"bob pass word", 0, false, "OK group=staff", Authenticated}, // typed by hand
		{"bob pass%20word 10.1.2.3 -", 2, false, "OK group=staff", Authenticated},
		{"bob x", 0, false, "ERR Wrong user name or password", WrongPassword},
		{"eve x", 0, false, "ERR Wrong user name or password", NoSuchUser},
		{"bob x", 0, true, "ERR Wrong password", WrongPassword},
		{"eve x", 0, true, "ERR No such user", NoSuchUser},
		{" pass%20word", 0, false, "ERR User name or password is missing", MissingUser},
		{"bob", 0, false, "ERR User name or password is missing", OneWord},
		{"bob ", 0, true, "ERR", MissingPassword},
		{"", 0, true, "ERR", OneWord},
		{"bob x", 1, false, `BH message="` + textUnavailable + `"`, KeyExtras},
		{"down x", 0, true, `BH message="` + textUnavailable + `"`, "unreachable"},
		{"zero x", 0, false, `BH message="` + textUnavailable + `"`, ""},
	}
	for _, c := range tests {
		h := &Handler{Backend: &backend{}, Name: "test", KeyExtras: c.extras, PlainMessages: c.plain}
		r := h.Handle(t.Context(), []byte(c.line))
		if got := string(protocol.AppendReply(nil, r, protocol.Basic, protocol.Modern)); got != c.want {
			t.Errorf("%q: got %q, want %q", c.line, got, c.want)
		}
		if d := r.Detail(); d.Reason != string(c.reason) || d.Backend != "test" {
			t.Errorf("%q: got %+v", c.line, d)
		}
	}
}

// TestIncompleteNeverAsks: an empty password is a valid LDAP bind, among others.
func TestIncompleteNeverAsks(t *testing.T) {
	b := &backend{}
	h := &Handler{Backend: b}
	for _, line := range []string{"", " ", "bob", "bob ", " pass%20word"} {
		h.Handle(t.Context(), []byte(line))
	}
	if b.calls > 0 {
		t.Errorf("the backend was asked %d times", b.calls)
	}
}

// TestDetailHasNoSecret prints all that is logged of a request.
func TestDetailHasNoSecret(t *testing.T) {
	h := &Handler{Backend: &backend{}, KeyExtras: 1}
	for _, user := range []string{"bob", "eve", "down"} {
		d := h.Handle(t.Context(), []byte(user+" hun ter2 10.1.2.3")).Detail()
		if s := d.User + d.Reason + d.Extras + d.Backend + errorText(d.Cause); strings.Contains(s, "ter2") || !strings.Contains(s, "10.1.2.3") {
			t.Errorf("%q", s)
		}
	}
}

// TestMistakenWordsAreNotLogged: where squid.conf and options differ, a password
// can stand where a user or extras should.
func TestMistakenWordsAreNotLogged(t *testing.T) {
	for line, extras := range map[string]int{"hunter2": 0, "7 bob hunter2": 1, "7 bob hunter2 10.1.2.3": 2} {
		h := &Handler{Backend: &backend{}, KeyExtras: extras}
		d := h.Handle(t.Context(), []byte(line)).Detail()
		if strings.Contains(d.User+d.Extras+errorText(d.Cause), "hunter2") {
			t.Errorf("%q: %+v", line, d)
		}
	}
}

func TestBlankInPasswordIsExplained(t *testing.T) {
	h := &Handler{Backend: &backend{}}
	if d := h.Handle(t.Context(), []byte("bob pw 10.1.2.3")).Detail(); !strings.Contains(errorText(d.Cause), "--key-extras") {
		t.Errorf("got %+v", d)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestReload(t *testing.T) {
	gone := errors.New("gone")
	if err := (&Handler{Backend: &backend{reloaded: gone}}).Reload(t.Context()); err != gone {
		t.Errorf("got %v", err)
	}
	var fixed struct{ Backend }
	if err := (&Handler{Backend: fixed}).Reload(t.Context()); err != nil {
		t.Errorf("a backend that cannot reload: %v", err)
	}
}

type fixed struct{ Verdict }

func (f fixed) Authenticate(context.Context, string, protocol.Secret) Verdict { return f.Verdict }

// TestWhoDecided: the audit line names who decided, and has what else is to be said.
func TestWhoDecided(t *testing.T) {
	said := errors.New("because")
	for _, v := range []Verdict{Yes(protocol.Identity{User: "bob"}), No(WrongPassword, ""), Undecided(Unavailable, nil)} {
		h := Handler{Backend: fixed{v}, Name: "all"}
		if d := h.Handle(t.Context(), []byte("bob pw")).Detail(); d.Backend != "all" || d.Cause != nil {
			t.Errorf("%+v", d)
		}
		h.Backend = fixed{v.By("one of them").Because(said)}
		d := h.Handle(t.Context(), []byte("bob pw")).Detail()
		if d.Backend != "one of them" || d.Cause != said && v.Outcome() != protocol.Accepted {
			t.Errorf("%+v", d)
		}
	}
}
