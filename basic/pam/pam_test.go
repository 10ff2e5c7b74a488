package pam

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// modules is a Backend whose modules are a function, and its log.
func modules(opt Options, ask func(user string, password protocol.Secret) answer) (*Backend, *bytes.Buffer) {
	log := &bytes.Buffer{}
	opt.Service, opt.Log = "test", slog.New(slog.NewTextHandler(log, nil))
	b := New(opt)
	b.ask = ask
	return b, log
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func mustBe(t *testing.T, v basic.Verdict, outcome protocol.Outcome, reason basic.Reason) {
	t.Helper()
	if v.Outcome() != outcome || v.Reason() != reason {
		t.Errorf("got %v %s (%v), want %v %s", v.Outcome(), v.Reason(), v.Cause(), outcome, reason)
	}
}

// TestStatus: every status has its answer, and one that nobody thought of is none.
func TestStatus(t *testing.T) {
	for status, want := range map[status]struct {
		outcome protocol.Outcome
		reason  basic.Reason
	}{
		broken:             {protocol.Unavailable, basic.Unavailable},
		accepted:           {protocol.Accepted, basic.Authenticated},
		wrongPassword:      {protocol.Denied, basic.WrongPassword},
		noSuchUser:         {protocol.Denied, basic.NoSuchUser},
		tooManyTries:       {protocol.Denied, basic.AccountLocked},
		refused:            {protocol.Denied, basic.LogonRefused},
		accountExpired:     {protocol.Denied, basic.AccountExpired},
		passwordExpired:    {protocol.Denied, basic.PasswordExpired},
		passwordMustChange: {protocol.Denied, basic.PasswordMustChange},
		noRights:           {protocol.Unavailable, basic.ServiceAccount},
		unavailable:        {protocol.Unavailable, basic.Unavailable},
		unavailable + 1:    {protocol.Unavailable, basic.Unavailable},
	} {
		b, _ := modules(Options{}, func(string, protocol.Secret) answer { return answer{status: status, words: "in words"} })
		v := b.Authenticate(t.Context(), "bob", "secret")
		mustBe(t, v, want.outcome, want.reason)
		if v.Outcome() == protocol.Unavailable && !strings.Contains(v.Cause().Error(), "in words") {
			t.Errorf("status %d: the cause does not say what PAM says: %v", status, v.Cause())
		}
	}
}

// TestPuzzled: a module that asks for what we do not have says that the user is
// wrong, which need not be so.
func TestPuzzled(t *testing.T) {
	b, _ := modules(Options{}, func(string, protocol.Secret) answer { return answer{status: wrongPassword, puzzled: true} })
	mustBe(t, b.Authenticate(t.Context(), "bob", "secret"), protocol.Unavailable, basic.Unavailable)
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{ // with StripRealm
		"bob":                    "bob",
		"bob@EXAMPLE.COM":        "bob",
		`EXAMPLE\bob`:            "bob",
		`A\B\bob`:                `B\bob`,
		`EXAMPLE\bob@x`:          `EXAMPLE\bob`,
		"bob@a@b":                "bob",
		"jörg":                   "jörg",
		"@EXAMPLE":               "",
		`EXAMPLE\`:               "",
		"bob\nroot":              "",
		"bob\x00":                "",
		strings.Repeat("x", 255): strings.Repeat("x", 255),
		strings.Repeat("x", 256): "",
	} {
		asked := ""
		b, _ := modules(Options{StripRealm: true}, func(user string, _ protocol.Secret) answer {
			asked = user
			return answer{status: accepted}
		})
		v := b.Authenticate(t.Context(), name, "secret")
		if asked != want {
			t.Errorf("%q: asked for %q, want %q", name, asked, want)
		}
		if want == "" {
			mustBe(t, v, protocol.Denied, basic.IllegalName)
		} else if mustBe(t, v, protocol.Accepted, basic.Authenticated); v.Identity().User != name {
			t.Errorf("%q became %q", name, v.Identity().User)
		}
	}
	b, _ := modules(Options{}, func(user string, _ protocol.Secret) answer { return answer{words: user} })
	if v := b.Authenticate(t.Context(), "bob@EXAMPLE", "x"); !strings.Contains(v.Cause().Error(), "bob@EXAMPLE") {
		t.Errorf("the realm was taken off unasked: %v", v.Cause())
	}
}

// TestPasswords that cannot be passed on whole are wrong, and nobody is asked.
func TestPasswords(t *testing.T) {
	b, _ := modules(Options{}, func(string, protocol.Secret) answer { return answer{status: accepted} })
	for password, want := range map[protocol.Secret]basic.Reason{
		"x": basic.Authenticated,
		protocol.Secret(strings.Repeat("x", 511)): basic.Authenticated,
		protocol.Secret(strings.Repeat("x", 512)): basic.WrongPassword,
		"secret\x00": basic.WrongPassword,
		"":           basic.MissingPassword,
	} {
		if v := b.Authenticate(t.Context(), "bob", password); v.Reason() != want {
			t.Errorf("%d bytes: %s", len(password), v.Reason())
		}
	}
}

// TestHanging: modules that do not come back cost the requests that wait for them
// their time, later ones nothing, and nothing at all once they are back.
func TestHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := make(chan struct{})
		b, _ := modules(Options{Threads: 2}, func(user string, _ protocol.Secret) answer {
			if user == "slow" {
				<-back
			}
			return answer{status: accepted}
		})
		mustBe(t, b.Authenticate(within(t, time.Second), "slow", "x"), protocol.Unavailable, basic.Unavailable)
		mustBe(t, b.Authenticate(within(t, time.Second), "bob", "x"), protocol.Accepted, basic.Authenticated)
		late := b.Authenticate(within(t, time.Second), "slow", "x")
		mustBe(t, late, protocol.Unavailable, basic.Unavailable)
		start := time.Now()
		v := b.Authenticate(within(t, time.Second), "bob", "x")
		mustBe(t, v, protocol.Unavailable, basic.Unavailable)
		if waited := time.Since(start); waited > 0 {
			t.Errorf("all threads hang, and a request waits %v for one", waited)
		}
		if !strings.Contains(v.Cause().Error(), "2 of 2 threads") {
			t.Errorf("cause: %v", v.Cause())
		}
		if !late.IsUnanswered() || v.IsUnanswered() {
			t.Errorf("the modules have the password: %v, where none was free: %v", late.IsUnanswered(), v.IsUnanswered())
		}
		close(back)
		synctest.Wait()
		for range 5 {
			mustBe(t, b.Authenticate(within(t, time.Second), "slow", "x"), protocol.Accepted, basic.Authenticated)
		}
		if len(b.busy) > 0 || b.lost.Load() != 0 {
			t.Errorf("%d busy, %d lost", len(b.busy), b.lost.Load())
		}
	})
}

// TestBusy: who gets no thread in time is told so.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := make(chan struct{})
		b, _ := modules(Options{Threads: 1}, func(string, protocol.Secret) answer { <-back; return answer{status: accepted} })
		done := make(chan basic.Verdict)
		go func() { done <- b.Authenticate(within(t, time.Minute), "bob", "x") }()
		synctest.Wait()
		mustBe(t, b.Authenticate(within(t, time.Second), "carol", "x"), protocol.Unavailable, basic.Overloaded)
		close(back)
		mustBe(t, <-done, protocol.Accepted, basic.Authenticated)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 { // a free thread and a context that is done are both ready
			mustBe(t, b.Authenticate(over, "bob", "x"), protocol.Unavailable, basic.Overloaded)
		}
	})
}

// TestDelay: a refusal is told after the time that modules ask for, which keeps no
// thread busy, and no longer than there is time. Nothing else is delayed.
func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := modules(Options{Threads: 1}, func(user string, _ protocol.Secret) answer {
			return answer{status: map[string]status{"bob": accepted, "eve": wrongPassword}[user], delay: 2 * time.Second}
		})
		took := func(user string, most time.Duration) time.Duration {
			start := time.Now()
			b.Authenticate(within(t, most), user, "x")
			return time.Since(start)
		}
		for user, want := range map[string]time.Duration{"bob": 0, "eve": 2 * time.Second, "down": 0} {
			if got := took(user, time.Minute); got != want {
				t.Errorf("%s: %v", user, got)
			}
		}
		if got := took("eve", time.Second); got != time.Second {
			t.Errorf("within a second: %v", got)
		}
		waiting := make(chan basic.Verdict)
		go func() { waiting <- b.Authenticate(within(t, time.Minute), "eve", "x") }()
		synctest.Wait()
		if got := took("bob", time.Minute); got != 0 {
			t.Errorf("bob waited %v for eve", got)
		}
		mustBe(t, <-waiting, protocol.Denied, basic.WrongPassword)
	})
}

// TestSaid: what modules say is logged, except for the password.
func TestSaid(t *testing.T) {
	said := []string{"The account is locked\x1b[2J\n", "you typed hunter2!"}
	for status, lines := range map[status]int{wrongPassword: 2, accepted: 0} {
		b, log := modules(Options{}, func(string, protocol.Secret) answer { return answer{status: status, said: said} })
		b.Authenticate(t.Context(), "bob", "hunter2")
		if n := strings.Count(log.String(), "\n"); n != lines || strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), "\x1b") {
			t.Errorf("status %d: %s", status, log)
		}
	}
}

func TestCheckService(t *testing.T) {
	for name, ok := range map[string]bool{
		"squid": true, "system-auth": true, "squid.new": true,
		"": false, "../login": false, "/etc/passwd": false, ".hidden": false, "a b": false, "a\n": false, strings.Repeat("x", 65): false,
	} {
		if err := CheckService(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestNotLinked: the package without PAM lets nobody in, and says why.
func TestNotLinked(t *testing.T) {
	if Linked {
		return // the other half is in libpam_test.go
	}
	b := New(Options{Service: "squid", Log: slog.New(slog.DiscardHandler)})
	v := b.Authenticate(t.Context(), "bob", "secret")
	mustBe(t, v, protocol.Unavailable, basic.Unavailable)
	if !strings.Contains(fmt.Sprint(v.Cause()), "make build-pam") {
		t.Errorf("cause: %v", v.Cause())
	}
}

// TestAccount: who counts refusals sees the name that the modules see, or else any
// realm would make another of it.
func TestAccount(t *testing.T) {
	for strip, want := range map[bool]string{false: "alice@1", true: "alice"} {
		if got := basic.Account(New(Options{StripRealm: strip}), "alice@1"); got != want {
			t.Errorf("%v: %q", strip, got)
		}
	}
}
