package machine

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// A trouble is what happens at a point of a run.
type trouble int

const (
	crashBefore trouble = iota // the process ends, and nothing was done
	crashAfter                 // … and it was done
	failBefore                 // an error, and nothing was done
	failAfter                  // an error, and it was done
	troubles
)

// crash is what a test panics with to end a process.
type crash struct{}

var errTrouble = errors.New("trouble")

// world is the files and the domain, which outlive a process, and the point at which
// there is to be trouble.
type world struct {
	t     *testing.T
	files map[string]string

	exists   bool
	lost     bool // nothing in the files is right
	password string
	former   string // which is still good to log in with
	kvno     uint32
	changed  time.Time
	spns     []string
	answers  error // what the controller says to changes

	point   int // counts down to the trouble
	trouble trouble
	happens bool // it did
}

// at does something that there may be trouble with.
func (w *world) at(do func() error) error {
	w.point--
	if w.point != 0 {
		return do()
	}
	w.happens = true
	switch w.trouble {
	case crashAfter, failAfter:
		if err := do(); err != nil {
			return err
		}
	}
	switch w.trouble {
	case crashBefore, crashAfter:
		panic(crash{})
	}
	return errTrouble
}

func (w *world) read(path string) ([]byte, error) {
	if content, ok := w.files[path]; ok {
		return []byte(content), nil
	}
	return nil, nil
}

func (w *world) write(path string, content []byte) error {
	return w.at(func() error {
		w.files[path] = string(content)
		w.check()
		return nil
	})
}

func (w *world) remove(path string) error {
	return w.at(func() error {
		delete(w.files, path)
		w.check()
		return nil
	})
}

func (w *world) try(string) error { return nil }

func (w *world) lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// check finds a password in the secret file that is right, and the keys of what the
// account has, as long as there is an account.
func (w *world) check() {
	w.t.Helper()
	if !w.exists || w.lost {
		return
	}
	s, err := parseSecret([]byte(w.files["secret"]))
	if err != nil || !slices.Contains(s.candidates(), w.password) {
		w.t.Errorf("the password is %.6s…, the file has %q, %v", w.password, w.files["secret"], err)
	}
	if lines := strings.Fields(w.files["secret"]); len(lines) > 2 {
		w.t.Errorf("%d passwords", len(lines))
	}
}

// checkKeys finds the keys of the account's password in the keytab.
func (w *world) checkKeys() {
	w.t.Helper()
	keys, err := readKeys([]byte(w.files["keytab"]))
	want, err2 := keysOf(proxy1, w.password, w.kvno, principals(proxy1, w.spns))
	if err != nil || err2 != nil || !hasKeys(keys, want) {
		w.t.Errorf("the keytab lacks keys of the password, of kvno %d: %v, %v, %v", w.kvno, keys, err, err2)
	}
}

// connect logs in to the controller.
func (w *world) connect(_ context.Context, l Login) (session, error) {
	if l.User == "admin" || w.exists && (l.Password == w.password || l.Password == w.former && l.Password != "") {
		return &fakeSession{w}, nil
	}
	return nil, &loginError{"no"}
}

type fakeSession struct{ *world }

func (f *fakeSession) find(context.Context) (*computer, error) {
	if !f.exists {
		return nil, nil
	}
	return &computer{
		dn: "CN=PROXY1,DC=example,DC=org", name: "PROXY1$", control: workstationAccount, host: "proxy1.example.org",
		spns: slices.Clone(f.spns), kvno: f.kvno, changed: f.changed,
	}, nil
}

func (f *fakeSession) set(password string) error {
	return f.world.at(func() error {
		if f.answers != nil {
			return f.answers
		}
		f.exists = true
		f.former, f.password = f.password, password
		f.kvno++
		f.changed = now
		f.check()
		return nil
	})
}

func (f *fakeSession) change(_ context.Context, _ *computer, old, password string) error {
	if old != f.password {
		return &refusal{"no", ldap.NewError(ldap.LDAPResultConstraintViolation, errors.New("00000056: no"))}
	}
	return f.set(password)
}

func (f *fakeSession) reset(_ context.Context, _ *computer, password string) error {
	return f.set(password)
}

func (f *fakeSession) create(_ context.Context, _, _ string, spns []string, password string) error {
	f.spns = spns
	return f.set(password)
}

func (f *fakeSession) update(_ context.Context, _ *computer, _ string, spns []string) error {
	f.spns = append(f.spns, without(spns, f.spns)...)
	return nil
}

func (f *fakeSession) holders(context.Context, []string) error { return nil }
func (f *fakeSession) netBIOS(context.Context) string          { return "EXAMPLE" }
func (f *fakeSession) now() time.Time                          { return now.Add(time.Hour) }
func (f *fakeSession) at() string                              { return "dc1" }
func (f *fakeSession) close()                                  {}

// process runs something that may crash, and reports whether it did.
func process(run func() error) (err error, crashed bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crash); !ok {
				panic(r)
			}
			crashed = true
		}
	}()
	return run(), false
}
