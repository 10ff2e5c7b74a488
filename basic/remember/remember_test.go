package remember

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// directory answers with what the function says, and counts.
type directory struct {
	mu     sync.Mutex
	asked  int
	answer func(ctx context.Context, user string, password protocol.Secret) basic.Verdict
}

func (d *directory) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	d.mu.Lock()
	d.asked++
	d.mu.Unlock()
	return d.answer(ctx, user, password)
}

var group = protocol.Pair{Key: "group", Value: "staff"}

// right knows the password "right" of everybody.
func right(_ context.Context, user string, password protocol.Secret) basic.Verdict {
	if password != "right" {
		return basic.No(basic.WrongPassword, "Wrong password")
	}
	return basic.Yes(protocol.Identity{User: "Mr. " + user}, group)
}

func (d *directory) expect(t *testing.T, m *Backend, user string, password protocol.Secret, outcome protocol.Outcome, asked int) basic.Verdict {
	t.Helper()
	before := d.asked
	v := m.Authenticate(t.Context(), user, password)
	if v.Outcome() != outcome || d.asked-before != asked {
		t.Errorf("%s: %v, asked %d times", user, v.Outcome(), d.asked-before)
	}
	return v
}

func TestAccepted(t *testing.T) {
	now, version := time.Now(), "1"
	d := &directory{answer: right}
	m := New(d, Options{Name: "fake", Accepted: time.Minute, Version: func(context.Context) string { return version }, Now: func() time.Time { return now }})
	v := d.expect(t, m, "bob", "right", protocol.Accepted, 1)
	if again := d.expect(t, m, "bob", "right", protocol.Accepted, 0); !reflect.DeepEqual(again, v.By("fake (remembered)")) {
		t.Errorf("%+v", again)
	}
	d.expect(t, m, "Bob", "right", protocol.Accepted, 1)
	d.expect(t, m, "bob", "wrong", protocol.Denied, 1)
	d.expect(t, m, "bob", "wrong", protocol.Denied, 1)
	d.expect(t, m, "bob", "right", protocol.Accepted, 0)

	now = now.Add(time.Minute)
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)
	version = "2"
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)
	d.expect(t, m, "bob", "right", protocol.Accepted, 0)
	if err := m.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)
	now = now.Add(-time.Second) // the clock was put back
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)

	// A new password takes the place of the old one.
	d.answer = func(context.Context, string, protocol.Secret) basic.Verdict { return basic.Yes(protocol.Identity{}) }
	d.expect(t, m, "bob", "new", protocol.Accepted, 1)
	d.answer = right
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)
	d.expect(t, m, "bob", "new", protocol.Denied, 1)
}

// TestReload: what was asked before a Reload is not remembered after it.
func TestReload(t *testing.T) {
	d := &directory{}
	m := New(d, Options{Accepted: time.Minute})
	d.answer = func(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
		m.Reload(ctx)
		return right(ctx, user, password)
	}
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)
}

type placeKey struct{}

func at(ctx context.Context, place string) context.Context {
	return context.WithValue(ctx, placeKey{}, place)
}

// TestPlace: an answer for one place is none for another, neither later nor at once.
func TestPlace(t *testing.T) {
	place := func(ctx context.Context) string { s, _ := ctx.Value(placeKey{}).(string); return s }
	synctest.Test(t, func(t *testing.T) {
		d := &directory{answer: func(ctx context.Context, user string, _ protocol.Secret) basic.Verdict {
			time.Sleep(time.Second)
			if place(ctx) != "here" {
				return basic.No(basic.LogonRefused, "")
			}
			return basic.Yes(protocol.Identity{User: user})
		}}
		m := New(d, Options{Accepted: time.Minute, Place: place})
		var logins sync.WaitGroup
		for range 2 { // the second time it is remembered
			for where, want := range map[string]protocol.Outcome{"here": protocol.Accepted, "there": protocol.Denied} {
				logins.Go(func() {
					if v := m.Authenticate(at(t.Context(), where), "bob", "right"); v.Outcome() != want {
						t.Errorf("%s: %v", where, v.Outcome())
					}
				})
			}
			logins.Wait()
		}
		if d.asked != 3 {
			t.Errorf("asked %d times", d.asked)
		}
	})
}

func TestOff(t *testing.T) {
	d := &directory{answer: right}
	m := New(d, Options{})
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)
	d.expect(t, m, "bob", "right", protocol.Accepted, 1)
}

func TestBounded(t *testing.T) {
	now := time.Now()
	d := &directory{answer: right}
	m := New(d, Options{Accepted: time.Hour, Now: func() time.Time { return now }})
	for i := range maxUsers + 100 {
		m.Authenticate(t.Context(), fmt.Sprint(i), "right")
	}
	if n := len(m.accepted); n != maxUsers {
		t.Errorf("%d users", n)
	}
	now = now.Add(time.Hour)
	m.Authenticate(t.Context(), "bob", "right")
	if n := len(m.accepted); n != 1 {
		t.Errorf("%d users", n)
	}
}

// TestShared: equal logins at the same time are one question, others are others.
func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{answer: func(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
			time.Sleep(time.Second)
			return right(ctx, user, password)
		}}
		m := New(d, Options{})
		var logins sync.WaitGroup
		for range 20 {
			for password, want := range map[protocol.Secret]protocol.Outcome{"right": protocol.Accepted, "wrong": protocol.Denied} {
				logins.Go(func() {
					if v := m.Authenticate(t.Context(), "bob", password); v.Outcome() != want {
						t.Errorf("%+v", v)
					}
				})
			}
		}
		logins.Wait()
		if d.asked != 2 || len(m.asking) != 0 {
			t.Errorf("asked %d times", d.asked)
		}
	})
}

// TestLate: who still has time asks again when the one that asked has none left; who has
// none is told so.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := true
		d := &directory{answer: func(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
			if hang {
				hang = false
				<-ctx.Done()
				return basic.Undecided(basic.Unavailable, errors.New("away"))
			}
			return right(ctx, user, password)
		}}
		m := New(d, Options{})
		var logins sync.WaitGroup
		for _, l := range []struct {
			after, patience time.Duration
			want            protocol.Outcome
		}{
			{0, 3 * time.Second, protocol.Unavailable},
			{time.Second, time.Second, protocol.Unavailable},
			{time.Second, time.Minute, protocol.Accepted},
			{time.Second, time.Minute, protocol.Accepted},
		} {
			logins.Go(func() {
				time.Sleep(l.after)
				ctx, cancel := context.WithTimeout(t.Context(), l.patience)
				defer cancel()
				if v := m.Authenticate(ctx, "bob", "right"); v.Outcome() != l.want {
					t.Errorf("%v: %+v", l, v)
				}
			})
		}
		logins.Wait()
		if d.asked > 3 {
			t.Errorf("asked %d times", d.asked)
		}
	})
}

// TestPanic: nobody waits for an answer that does not come.
func TestPanic(t *testing.T) {
	d := &directory{answer: func(context.Context, string, protocol.Secret) basic.Verdict { panic("bug") }}
	m := New(d, Options{})
	for range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			m.Authenticate(t.Context(), "bob", "x")
		}()
	}
}
