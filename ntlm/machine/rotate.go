package machine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"
)

// Rotate says which account's password is to be changed.
type Rotate struct {
	Domain    Domain
	Admin     *Login // who sets it, whatever it is; nil: the machine itself changes it
	Files     Files
	OlderThan time.Duration // only a password that is older

	Random io.Reader // nil: crypto/rand

	connect func(context.Context, Login) (session, error) // of the Domain
	disk    disk
}

// session is a domain controller that was logged in to. A directory is one.
type session interface {
	find(context.Context) (*computer, error)
	holders(ctx context.Context, spns []string) error
	create(ctx context.Context, ou, host string, spns []string, password string) error
	update(ctx context.Context, m *computer, host string, spns []string) error
	change(ctx context.Context, m *computer, old, password string) error
	reset(ctx context.Context, m *computer, password string) error
	netBIOS(context.Context) string
	now() time.Time
	at() string
	close()
}

var _ session = (*directory)(nil)

// Rotation is what was done.
type Rotation struct {
	Changed   bool
	Completed bool          // a change that was interrupted before
	Age       time.Duration // of the password, before it was changed; 0: not known
	Kvno      uint32
}

// errPasswords says that nobody but an administrator can help.
var errPasswords = errors.New("no password in the secret file is the account's: have an administrator set a new one with rotate --reset")

// Run changes the password. Whatever the error, one of the passwords in the file is
// right if one was before.
func (r *Rotate) Run(ctx context.Context) (*Rotation, error) {
	r.completeSettings()
	unlock, err := r.disk.lock(r.Files.Secret)
	if err != nil {
		return nil, fmt.Errorf("the secret file cannot be written: %w", err)
	}
	defer unlock.Close()
	s, err := load(r.disk, r.Files)
	if err != nil {
		return nil, err
	}
	if s.secret.first == "" && r.Admin == nil {
		return nil, fmt.Errorf("there is no password in %s: join makes one", r.Files.Secret)
	}
	current, c, err := r.login(ctx, s.secret)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return r.run(ctx, s, c, current)
}

func (r *Rotate) completeSettings() {
	r.Domain.complete()
	if r.Random == nil {
		r.Random = rand.Reader
	}
	if r.disk == nil {
		r.disk = files{}
	}
	if r.connect == nil {
		r.connect = func(ctx context.Context, l Login) (session, error) { return r.Domain.connect(ctx, l) }
	}
}

// login returns a session, and the account's password, which is empty if only the
// administrator could log in.
func (r *Rotate) login(ctx context.Context, s secret) (current string, c session, err error) {
	if r.Admin == nil {
		return r.own(ctx, s)
	}
	admin, err := r.connect(ctx, *r.Admin)
	if err != nil {
		return "", nil, err
	}
	if s.first != "" && r.Domain.Protection != Sealed {
		if current, c, err = r.own(ctx, s); err == nil {
			c.close()
		}
	}
	return current, admin, nil
}

// own logs in as the machine, with the first password that is right.
func (r *Rotate) own(ctx context.Context, s secret) (current string, c session, err error) {
	for _, password := range s.candidates() {
		c, err = r.connect(ctx, r.machine(password))
		if err == nil {
			return password, c, nil
		}
		if !errors.Is(err, errLogin) {
			return "", nil, err
		}
	}
	return "", nil, fmt.Errorf("%w (%w)", errPasswords, err)
}

func (r *Rotate) machine(password string) Login {
	return Login{User: r.Domain.Account.String(), Password: password}
}

func (r *Rotate) run(ctx context.Context, s *state, c session, current string) (*Rotation, error) {
	m, err := c.find(ctx)
	if err == nil && m == nil {
		err = fmt.Errorf("there is no account %s in the domain", r.Domain.Account.Name)
	}
	if err != nil {
		return nil, err
	}
	a := Account{Realm: r.Domain.Account.Realm, Name: m.name}
	done := &Rotation{Kvno: m.kvno}
	if !m.changed.IsZero() {
		done.Age = c.now().Sub(m.changed)
	}
	plan := change{account: a, next: current, kvno: m.kvno, now: r.Domain.Now()}
	if plan.principals, err = s.principals(a, m, current); err != nil {
		return nil, err
	}
	if current != "" {
		done.Completed = s.secret.pending && current == s.secret.second
		if err := s.recover(plan); err != nil {
			return nil, err
		}
	}
	if r.OlderThan > 0 && !m.changed.IsZero() && done.Age < r.OlderThan {
		return done, nil
	}
	plan.current = current
	if plan.next, err = newPassword(r.Random); err != nil {
		return nil, err
	}
	return done, r.change(ctx, s, c, m, plan, done)
}

// change changes the password, and notes what was done.
func (r *Rotate) change(ctx context.Context, s *state, c session, m *computer, plan change, done *Rotation) error {
	ask := func() error { return c.change(ctx, m, plan.current, plan.next) }
	if r.Admin != nil {
		ask = func() error { return c.reset(ctx, m, plan.next) }
	}
	did := func() bool {
		if r.Domain.Protection == Sealed {
			return false
		}
		again, err := r.connect(ctx, r.machine(plan.next))
		if err != nil {
			return false
		}
		again.close()
		return true
	}
	if err := s.make(plan, ask, did); err != nil {
		return err
	}
	done.Changed, done.Kvno = true, m.kvno+1
	if now, err := c.find(ctx); err == nil && now != nil && now.kvno != 0 {
		done.Kvno = now.kvno
	}
	if err := s.complete(plan, done.Kvno); err != nil {
		return fmt.Errorf("the password was changed, and the secret file has it, but the rest failed: when the cause is mended, run rotate again: %w", err)
	}
	return nil
}
