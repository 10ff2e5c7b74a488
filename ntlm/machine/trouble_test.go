package machine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// The ways in which an account gets a password.
var ways = map[string]func(*world) func() error{
	"rotate": func(w *world) func() error { return w.rotate(nil) },
	"reset":  func(w *world) func() error { return w.rotate(&Login{User: "admin"}) },
	"take":   func(w *world) func() error { return w.join(true) },
}

func (w *world) rotate(admin *Login) func() error {
	r := &Rotate{
		Domain: Domain{Account: proxy1, Now: func() time.Time { return now }}, Admin: admin,
		Files: Files{"secret", "keytab"}, connect: w.connect, disk: w,
	}
	return func() error {
		_, err := r.Run(context.Background())
		return err
	}
}

func (w *world) join(existing bool) func() error {
	j := &Join{
		Domain: Domain{Account: proxy1, Now: func() time.Time { return now }}, Admin: Login{User: "admin"},
		Files: Files{"secret", "keytab"}, Host: "proxy1.example.org", SPNs: []string{"HTTP/proxy.example.org"},
		Existing: existing, connect: w.connect, disk: w,
	}
	return func() error {
		_, err := j.Run(context.Background())
		return err
	}
}

// joined is the world after a join.
func joined(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, files: map[string]string{}}
	if err := w.join(false)(); err != nil {
		t.Fatal(err)
	}
	w.settled()
	return w
}

// settled checks the state after all went well.
func (w *world) settled() {
	w.t.Helper()
	s, err := parseSecret([]byte(w.files["secret"]))
	if err != nil || s.first != w.password || s.pending {
		w.t.Errorf("the password is %.6s…, the file has %q, %v", w.password, w.files["secret"], err)
	}
	if w.former != "" && s.second != w.former {
		w.t.Errorf("the former password is %.6s…, the file has %q", w.former, w.files["secret"])
	}
	w.checkKeys()
}

// TestTrouble: wherever a change is interrupted, one of the passwords in the file is
// right, the keytab has the keys, and the next run puts everything in order.
func TestTrouble(t *testing.T) {
	for name, way := range ways {
		for kind := range troubles {
			points := 0
			for point := 1; ; point++ {
				w := joined(t)
				w.point, w.trouble = point, kind
				err, crashed := process(way(w))
				if !w.happens {
					break
				}
				points++
				if (kind == crashBefore || kind == crashAfter) != crashed {
					t.Errorf("%s: crashed is %v, %v", name, crashed, err)
				}
				w.check()
				w.checkKeys()
				w.point = 0
				if err := w.rotate(nil)(); err != nil {
					t.Errorf("%s, trouble %d at %d: afterwards %v", name, kind, point, err)
				}
				w.settled()
			}
			if points != 4 { // keytab, secret, controller, secret
				t.Errorf("%s: %d points", name, points)
			}
		}
	}
}

// TestTroubles is the same for many changes in a row, most of them interrupted.
func TestTroubles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		w := joined(t)
		for range 5 {
			w.point, w.trouble = 1+random.IntN(7), trouble(random.IntN(int(troubles)))
			_, _ = process(w.rotate(nil))
			w.check()
			w.checkKeys()
		}
		w.point = 0
		if err := w.rotate(nil)(); err != nil {
			t.Error(err)
		}
		w.settled()
	}
}

// TestJoinTrouble: when the account is new, it can be joined or rotated afterwards.
func TestJoinTrouble(t *testing.T) {
	for kind := range troubles {
		points := 0
		for point := 1; ; point++ {
			w := &world{t: t, files: map[string]string{}, point: point, trouble: kind}
			_, _ = process(w.join(false))
			if !w.happens {
				break
			}
			points++
			w.check()
			w.point = 0
			again := w.rotate(nil)
			if !w.exists {
				delete(w.files, "secret")
				again = w.join(false)
			}
			if err := again(); err != nil {
				t.Errorf("trouble %d at %d: %v", kind, point, err)
			}
			w.settled()
		}
		if points != 3 { // secret, controller, keytab
			t.Errorf("%d points", points)
		}
	}
}

// TestRefusal: after a no of the controller's the files are as before.
func TestRefusal(t *testing.T) {
	for name, way := range ways {
		w := joined(t)
		before := fmt.Sprint(w.files)
		w.answers = ldap.NewError(ldap.LDAPResultConstraintViolation, errors.New("0000052D: no"))
		if err := way(w)(); !isAnswer(err) {
			t.Errorf("%s: %v", name, err)
		}
		if got := fmt.Sprint(w.files); got != before {
			t.Errorf("%s: %s, was %s", name, got, before)
		}
	}
	w := &world{t: t, files: map[string]string{}, answers: ldap.NewError(ldap.LDAPResultInsufficientAccessRights, errors.New("no"))}
	if err := w.join(false)(); !isAnswer(err) || len(w.files) > 0 {
		t.Errorf("%v, %v", err, w.files)
	}
}

// TestLostAnswer: it is found out that a change was made.
func TestLostAnswer(t *testing.T) {
	w := joined(t)
	w.point, w.trouble = 3, failAfter
	if err := w.rotate(nil)(); err != nil {
		t.Error(err)
	}
	w.settled()
	w.point, w.trouble = 3, failBefore
	if err := w.rotate(nil)(); !errors.Is(err, errUnknown) {
		t.Error(err)
	}
}

// TestOtherKvno: a number that could not be foretold is mended.
func TestOtherKvno(t *testing.T) {
	w := joined(t)
	w.kvno += 7 // somebody else's doing
	if err := w.rotate(nil)(); err != nil {
		t.Error(err)
	}
	w.settled()
}

// TestTooYoung: only a password that is older is changed, but what was interrupted is
// completed.
func TestTooYoung(t *testing.T) {
	w := joined(t)
	w.point, w.trouble = 3, crashAfter
	if _, crashed := process(w.rotate(nil)); !crashed {
		t.Fatal("no crash")
	}
	w.point = 0
	r := &Rotate{
		Domain: Domain{Account: proxy1, Now: func() time.Time { return now }},
		Files:  Files{"secret", "keytab"}, connect: w.connect, disk: w,
	}
	for _, c := range []struct {
		olderThan time.Duration
		want      Rotation
	}{
		{2 * time.Hour, Rotation{Completed: true, Age: time.Hour, Kvno: 2}},
		{2 * time.Hour, Rotation{Age: time.Hour, Kvno: 2}},
		{time.Hour, Rotation{Changed: true, Age: time.Hour, Kvno: 3}},
	} {
		r.OlderThan = c.olderThan
		if got, err := r.Run(context.Background()); err != nil || *got != c.want {
			t.Errorf("%v: %+v, %v, want %+v", c.olderThan, got, err, c.want)
		}
		w.settled()
	}
}

// TestLockedOut: when no password is right, only an administrator helps.
func TestLockedOut(t *testing.T) {
	w := joined(t)
	w.lost, w.password, w.kvno = true, "another machine's", 2
	if err := w.rotate(nil)(); !errors.Is(err, errPasswords) {
		t.Error(err)
	}
	if err := w.rotate(&Login{User: "admin"})(); err != nil {
		t.Error(err)
	}
	s, err := parseSecret([]byte(w.files["secret"]))
	if err != nil || s.first != w.password {
		t.Error("the new password is not in the file", err)
	}
}
