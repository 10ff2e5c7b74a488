package guard

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// directory is a backend of users and passwords that counts what it is asked, and locks
// nobody.
type directory struct {
	mu        sync.Mutex
	passwords map[string]string
	asked     int
	refused   map[string]int // since the name was accepted last
	verdict   *basic.Verdict // instead of an answer of its own
	gate      chan struct{}  // if there is one, every answer waits for it
	arrived   chan struct{}  // gets a token per question that waits
}

func newDirectory() *directory {
	return &directory{passwords: map[string]string{"bob": "right"}, refused: make(map[string]int), arrived: make(chan struct{}, 100)}
}

func (d *directory) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	d.mu.Lock()
	d.asked++
	gate := d.gate
	d.mu.Unlock()
	if gate != nil {
		d.arrived <- struct{}{}
		select {
		case <-gate:
		case <-ctx.Done():
			return basic.Undecided(basic.Unavailable, ctx.Err())
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.verdict != nil {
		return *d.verdict
	}
	want, known := d.passwords[fold(user)]
	switch {
	case !known:
		return basic.No(basic.NoSuchUser, "No such user")
	case want != string(password):
		d.refused[fold(user)]++
		return basic.No(basic.WrongPassword, "Wrong password")
	}
	d.refused[fold(user)] = 0
	return basic.Yes(protocol.Identity{User: user})
}

// fixture is a guard in front of a directory, with a clock and a log of its own.
type fixture struct {
	*directory
	*Backend
	t    *testing.T
	log  bytes.Buffer
	time time.Time
}

// guarded returns a guard that remembers for a minute.
func guarded(t *testing.T, opt Options) *fixture {
	f := &fixture{t: t, directory: newDirectory(), time: time.Now()}
	f.guard(f.directory, opt)
	return f
}

func (f *fixture) guard(b basic.Backend, opt Options) {
	opt.Name, opt.Scope = "fake", "fake --url ldap://here"
	opt.Log = slog.New(slog.NewTextHandler(&f.log, nil))
	opt.Now = func() time.Time { return f.time }
	f.Backend = New(b, opt)
	f.t.Cleanup(func() { f.Close() })
}

func (f *fixture) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	return f.Backend.Authenticate(ctx, user, password)
}

// login returns the answer in words: the reason, and whether the directory was asked.
func (f *fixture) login(user, password string) string {
	before := f.asked
	v := f.Authenticate(f.t.Context(), user, protocol.Secret(password))
	if accepted(v) != (v.Reason() == basic.Authenticated) {
		f.t.Errorf("%s: %v", v.Reason(), v.Outcome())
	}
	if f.asked > before {
		return fmt.Sprintf("%s asked", v.Reason())
	}
	return string(v.Reason())
}

// expect tries several passwords of a user.
func (f *fixture) expect(user, want string, passwords ...string) {
	f.t.Helper()
	for _, p := range passwords {
		if got := f.login(user, p); got != want {
			f.t.Errorf("%s, %s: got %q, want %q", user, p, got, want)
		}
	}
}

func (f *fixture) later(d time.Duration) { f.time = f.time.Add(d) }
