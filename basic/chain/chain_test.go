package chain

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"squidauth/basic"
	"squidauth/protocol"
)

// fake answers with one verdict, and counts what it is asked.
type fake struct {
	verdict          basic.Verdict
	asked            int
	reloaded, closed error
}

func (f *fake) Authenticate(context.Context, string, protocol.Secret) basic.Verdict {
	f.asked++
	return f.verdict
}

func (f *fake) Reload(context.Context) error { return f.reloaded }
func (f *fake) Close() error                 { return f.closed }

// The answers that a link can give, and the rule that each falls under.
var answers = []struct {
	name, rule string
	verdict    basic.Verdict
}{
	{"yes", "", basic.Yes(protocol.Identity{User: "bob"})},
	{"wrong", "on-refused", basic.No(basic.WrongPassword, "")},
	{"locked", "on-refused", basic.No(basic.AccountLocked, "")},
	{"unknown", "on-unknown", basic.No(basic.NoSuchUser, "")},
	{"illegal", "on-unknown", basic.No(basic.IllegalName, "")},
	{"held", "on-refused", basic.No("held-back", "")},
	{"nobody", "on-unknown", basic.No("held-back", "").OfUnknown()},
	{"away", "on-unavailable", basic.Undecided(basic.Unavailable, errors.New("away"))},
	{"zero", "on-unavailable", basic.Verdict{}},
}

var ruleNames = []string{"on-refused", "on-unknown", "on-unavailable"}

// TestTwoLinks goes through every answer of the first link, every rule for it, and every
// answer of the second.
func TestTwoLinks(t *testing.T) {
	for _, one := range answers {
		for _, rule := range []string{"stop", "next", ""} {
			for _, two := range answers {
				a, b := &fake{verdict: one.verdict}, &fake{verdict: two.verdict}
				l := NewLink()
				if one.rule != "" && rule != "" {
					if err := l.Set(one.rule, rule); err != nil {
						t.Fatal(err)
					}
				}
				for _, other := range ruleNames { // which must not matter
					if other == one.rule {
						continue
					}
					if err := l.Set(other, map[string]string{"stop": "next", "next": "stop", "": "next"}[rule]); err != nil {
						t.Fatal(err)
					}
				}
				l.Backend, l.Name = a, "one"
				second := NewLink()
				second.Backend, second.Name = b, "two"
				v := New([]Link{l, second}).Authenticate(t.Context(), "bob", "x")

				goesOn := rule == "next" || rule == "" && one.rule == "on-unknown"
				goesOn = goesOn && one.name != "yes"
				if asked := b.asked == 1; asked != goesOn {
					t.Errorf("%s, %q, %s: second asked: %v", one.name, rule, two.name, asked)
				}
				if want := decides(one.name, two.name, goesOn); v.Who() != want {
					t.Errorf("%s, %q, %s: decided by %q, want %q", one.name, rule, two.name, v.Who(), want)
				}
				if yes := one.name == "yes" || goesOn && two.name == "yes"; yes != (v.Outcome() == protocol.Accepted) {
					t.Errorf("%s, %q, %s: %v", one.name, rule, two.name, v.Outcome())
				}
			}
		}
	}
}

// decides says whose answer the chain's is.
func decides(one, two string, goesOn bool) string {
	rank := map[string]int{"yes": 4, "away": 3, "zero": 3, "wrong": 2, "locked": 2, "held": 2, "nobody": 1, "unknown": 1, "illegal": 1}
	switch {
	case !goesOn:
		return "one"
	case two == "yes" || rank[two] > rank[one], rank[one] == 1:
		return "two"
	}
	return "one"
}

// TestZeroLink: a link without rules passes nothing on.
func TestZeroLink(t *testing.T) {
	for _, a := range answers {
		second := &fake{verdict: answers[0].verdict}
		New([]Link{{Backend: &fake{verdict: a.verdict}}, {Backend: second}}).Authenticate(t.Context(), "bob", "x")
		if second.asked > 0 {
			t.Errorf("%s is passed on", a.name)
		}
	}
}

func TestSet(t *testing.T) {
	l := NewLink()
	for _, bad := range [][2]string{{"on-refused", "go"}, {"on-refused", ""}, {"on-no", "stop"}, {"", "next"}} {
		if err := l.Set(bad[0], bad[1]); err == nil {
			t.Errorf("%q is a rule", bad)
		}
	}
	if l != NewLink() {
		t.Errorf("%+v", l)
	}
}

// TestName: a link may say itself who decided.
func TestName(t *testing.T) {
	b := &fake{verdict: basic.No(basic.WrongPassword, "").By("one (remembered)")}
	if v := New([]Link{{Backend: b, Name: "one"}}).Authenticate(t.Context(), "bob", "x"); v.Who() != "one (remembered)" {
		t.Error(v.Who())
	}
}

func TestReloadAndClose(t *testing.T) {
	bad := errors.New("bad")
	for _, c := range []struct {
		one, two error
		want     string
	}{
		{nil, nil, "<nil>"}, {bad, nil, "one: bad"}, {nil, bad, "two: bad"}, {bad, bad, "one: bad\ntwo: bad"},
	} {
		chain := New([]Link{
			{Backend: &fake{reloaded: c.one, closed: c.one}, Name: "one"},
			{Backend: &fake{reloaded: c.two, closed: c.two}, Name: "two"},
		})
		if got := fmt.Sprint(chain.Reload(t.Context())); got != c.want {
			t.Errorf("Reload: %s, want %s", got, c.want)
		}
		if got := fmt.Sprint(chain.Close()); got != c.want {
			t.Errorf("Close: %s, want %s", got, c.want)
		}
	}
}
