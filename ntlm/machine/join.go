package machine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Files are where an account's password and keys are.
type Files struct {
	Secret string
	Keytab string // empty: none
}

// Join says which account is to be made.
type Join struct {
	Domain   Domain
	Admin    Login
	Files    Files
	Host     string   // the proxy's full name
	OU       string   // DN of where the account is made; empty: where the domain has new ones
	SPNs     []string // besides those of every computer
	Existing bool     // the account is there, and its password is to be set

	Random io.Reader // nil: crypto/rand

	connect func(context.Context, Login) (session, error) // of the Domain
	disk    disk
}

// Report is what was done.
type Report struct {
	Account    Account // as the directory spells it
	DN         string
	Controller string
	NetBIOS    string // name of the domain; empty: not known
	SPNs       []string
	Kvno       uint32
	Skew       time.Duration // of the controller's clock, when it matters
}

// maxSkew is the difference of clocks that Kerberos bears (RFC 4120 section 1.6).
const maxSkew = 5 * time.Minute

// check says what is wrong with the settings, and completes them.
func (j *Join) check() error {
	j.Domain.complete()
	if j.Random == nil {
		j.Random = rand.Reader
	}
	if j.disk == nil {
		j.disk = files{}
	}
	if j.connect == nil {
		j.connect = func(ctx context.Context, l Login) (session, error) { return j.Domain.connect(ctx, l) }
	}
	j.Host = strings.ToLower(strings.TrimSuffix(j.Host, "."))
	if !isHost(j.Host) || !strings.Contains(j.Host, ".") {
		return fmt.Errorf("%q is not the full name of a host, such as proxy1.example.org", j.Host)
	}
	for _, spn := range j.SPNs {
		if err := checkSPN(spn); err != nil {
			return err
		}
	}
	if j.Files.Secret == "" || j.Files.Keytab == "" {
		return errors.New("a secret file and a keytab are needed")
	}
	return nil
}

// Run makes the account and writes the files. It asks the directory for what can go
// wrong before it changes anything there. The error says what state things are in.
func (j *Join) Run(ctx context.Context) (*Report, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	unlock, err := j.disk.lock(j.Files.Secret)
	if err != nil {
		return nil, fmt.Errorf("the secret file cannot be written: %w", err)
	}
	defer unlock.Close()
	s, err := load(j.disk, j.Files)
	if err != nil {
		return nil, err
	}
	if len(s.secretText) > 0 && !j.Existing {
		return nil, fmt.Errorf("%s is there already: to set the password of its account anew, give --existing or use rotate; else name another file", j.Files.Secret)
	}
	if err := errors.Join(j.disk.try(j.Files.Secret), j.disk.try(j.Files.Keytab)); err != nil {
		return nil, err
	}
	c, err := j.connect(ctx, j.Admin)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return j.run(ctx, s, c)
}

func (j *Join) run(ctx context.Context, s *state, c session) (*Report, error) {
	m, err := c.find(ctx)
	if err == nil {
		err = j.suits(m)
	}
	if err != nil {
		return nil, err
	}
	a := j.Domain.Account
	if m != nil {
		a.Name = m.name // as it is spelled
	}
	spns := allSPNs(a, j.Host, j.SPNs)
	if err := c.holders(ctx, spns); err != nil {
		return nil, err
	}
	plan := change{account: a, now: j.Domain.Now()}
	if plan.next, err = newPassword(j.Random); err != nil {
		return nil, err
	}
	ask := func() error { return c.create(ctx, j.OU, j.Host, spns, plan.next) }
	if m != nil {
		if err := c.update(ctx, m, j.Host, spns); err != nil {
			return nil, err
		}
		plan.kvno, plan.principals = m.kvno, principals(a, append(without(m.spns, spns), spns...))
		ask = func() error { return c.reset(ctx, m, plan.next) }
	}
	if err := s.make(plan, ask, func() bool { return j.did(ctx, plan) }); err != nil {
		return nil, err
	}
	return j.finish(ctx, s, c, plan)
}

// did reports whether the account has the new password for certain.
func (j *Join) did(ctx context.Context, plan change) bool {
	if j.Domain.Protection == Sealed {
		return false
	}
	c, err := j.connect(ctx, Login{User: plan.account.String(), Password: plan.next})
	if err != nil {
		return false
	}
	c.close()
	return true
}

// suits says why an account, or that there is none, is not what was said.
func (j *Join) suits(m *computer) error {
	name := j.Domain.Account.Name
	switch {
	case m == nil && j.Existing:
		return fmt.Errorf("there is no account %s in the domain: without --existing it is made", name)
	case m == nil:
		return nil
	case !j.Existing:
		return fmt.Errorf("there is an account %s already, %s: give --existing to take it, which sets its password, or choose another name with --account", name, m.dn)
	case m.isUser || m.control&workstationAccount == 0:
		return fmt.Errorf("%s is not the account of a member computer: it is not touched", m.dn)
	case m.control&accountDisable != 0:
		return fmt.Errorf("the account %s is disabled: enable it first", m.dn)
	case m.host != "" && !strings.EqualFold(m.host, j.Host):
		return fmt.Errorf("the account %s is that of %s, not of %s: each machine needs one of its own, since a password that one changes locks out the other", m.dn, m.host, j.Host)
	case j.OU != "" && !strings.HasSuffix(strings.ToLower(m.dn), ","+strings.ToLower(j.OU)):
		return fmt.Errorf("the account is %s, and not in --ou %s", m.dn, j.OU)
	}
	return nil
}

// finish writes the files for the account as the directory has it now.
func (j *Join) finish(ctx context.Context, s *state, c session, plan change) (*Report, error) {
	m, err := c.find(ctx)
	if err == nil && m == nil {
		err = errors.New("the account is not there")
	}
	if err == nil {
		plan.principals = principals(plan.account, m.spns)
		err = s.complete(plan, m.kvno)
	}
	if err != nil {
		return nil, fmt.Errorf("the account %s has its new password, and %s has it too, but the rest failed: when the cause is mended, run rotate, which writes the keytab as well: %w", plan.account.Name, j.Files.Secret, err)
	}
	r := &Report{Account: plan.account, DN: m.dn, Controller: c.at(), NetBIOS: c.netBIOS(ctx), SPNs: m.spns, Kvno: m.kvno}
	if skew := c.now().Sub(j.Domain.Now()); skew.Abs() >= maxSkew {
		r.Skew = skew.Round(time.Second)
	}
	return r, nil
}
