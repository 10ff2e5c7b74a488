package guard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// model is what the package comment says, told the long way: it keeps all that ever
// happened and looks at it again for every login.
type model struct {
	remember, window time.Duration
	limit            int
	past             map[string][]event // by name, as a directory sees it
}

type event struct {
	user, password string
	at             time.Time
	ok             bool
}

// ask says what is to happen to a login: asked, remembered or held.
func (m *model) ask(user, password string, now time.Time) string {
	past := m.past[strings.ToLower(user)]
	same := func(e event) bool { return e.user == user && e.password == password }
	for _, e := range slices.Backward(past) {
		if same(e) && (e.ok || now.Sub(e.at) >= m.remember) {
			break // the last word on this password
		} else if same(e) {
			return "remembered"
		}
	}
	if m.limit == 0 {
		return "asked"
	}
	run := m.run(past, now)
	asks := 0
	for _, e := range run {
		if same(e) {
			asks++
		}
	}
	switch {
	case asks >= 2:
		return "remembered"
	case len(run) > m.limit, len(run) == m.limit && !m.good(past, same):
		return "held"
	}
	return "asked"
}

// run returns the refusals that count: since the last login that was accepted, and since
// the last window without any.
func (m *model) run(past []event, now time.Time) []event {
	from, last := 0, time.Time{}
	for i, e := range past {
		if e.ok {
			from = i + 1
		} else if e.at.Sub(last) >= m.window {
			from = i
		}
		if !e.ok {
			last = e.at
		}
	}
	if now.Sub(last) >= m.window {
		return nil
	}
	return past[from:]
}

// good reports that the last password that was accepted is the same, and was not
// refused since.
func (m *model) good(past []event, same func(event) bool) bool {
	for _, e := range slices.Backward(past) {
		if e.ok || same(e) {
			return e.ok && same(e)
		}
	}
	return false
}

// TestModel: a guard, with a file and without, does what the model says, whatever comes
// in whatever order.
func TestModel(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		opt := Options{Remember: time.Duration(r.IntN(4)) * time.Minute, Limit: r.IntN(5), Window: time.Duration(1+r.IntN(10)) * time.Minute}
		if seed%2 == 0 {
			opt.Folder = t.TempDir()
		}
		f := guarded(t, opt)
		m := &model{remember: opt.Remember, window: opt.Window, limit: opt.Limit, past: make(map[string][]event)}
		for step := range 400 {
			user, password := []string{"bob", "bob", "BOB", "eve"}[r.IntN(4)], []string{"right", "a", "b", "c"}[r.IntN(4)]
			if r.IntN(40) == 0 {
				f.passwords["bob"] = password
			}
			f.later(time.Duration(r.IntN(60)) * time.Second * time.Duration(1+9*(r.IntN(12)/11)))
			want := m.ask(user, password, f.time)
			if got := f.did(user, password); got != want {
				t.Fatalf("seed %d (%+v), step %d: %s, %s: %s, the model says %s", seed, opt, step, user, password, got, want)
			}
			if want == "asked" {
				ok := f.passwords[strings.ToLower(user)] == password
				key := strings.ToLower(user)
				m.past[key] = append(m.past[key], event{user, password, f.time, ok})
			}
		}
		if f.log.Len() > 0 {
			t.Errorf("log: %s", &f.log)
		}
	}
}

// did returns what happened to a login, in the model's words.
func (f *fixture) did(user, password string) string {
	switch got := f.login(user, password); {
	case strings.HasSuffix(got, " asked"):
		return "asked"
	case got == string(HeldBack):
		return "held"
	case got == "wrong-password" || got == "no-such-user":
		return "remembered"
	default:
		return got
	}
}

// TestNeverMore: whatever guesses are made, the directory sees no run of refusals longer
// than the limit and one.
func TestNeverMore(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 2))
		limit := 1 + r.IntN(MaxLimit)
		f := guarded(t, Options{Remember: time.Minute, Limit: limit, Window: 10 * time.Minute})
		run, last := 0, f.time
		for range 2000 {
			f.later(time.Duration(r.IntN(100)) * time.Second)
			password := fmt.Sprint(r.IntN(50))
			if r.IntN(50) == 0 {
				password = "right"
			}
			switch f.login("bob", password) {
			case "authenticated asked":
				run = 0
			case "wrong-password asked":
				if f.time.Sub(last) >= 10*time.Minute {
					run = 0
				}
				run, last = run+1, f.time
			}
			if run > limit+1 {
				t.Fatalf("seed %d: %d refusals, the limit is %d", seed, run, limit)
			}
		}
	}
}
