package kerberos

import (
	"context"
	"errors"
	"sync"
	"time"

	"squidauth/basic"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
)

// armorAgain is when a ticket is asked for again that was refused.
const armorAgain = 5 * time.Second

// armory has the ticket with which logins are protected (RFC 6113 section 5.4): one of
// a principal of the keytab. It may be used from several goroutines.
type armory struct {
	*Backend
	principal string // with realm
	account   *kdc.Account

	mu      sync.Mutex
	refused error     // why the KDC refused the principal
	until   time.Time // when it is asked again
}

func newArmory(b *Backend, principal string) *armory {
	a := &armory{Backend: b, principal: principal}
	a.account = kdc.NewAccount(b.opt.KDCs, a.key, a.refuse)
	return a
}

// current returns the ticket. Where there is none, it gets one.
func (a *armory) current(ctx context.Context) (initiator.Credential, error) {
	tgt, err := a.account.GrantingTicket(ctx)
	switch f := (*fault)(nil); {
	case err == nil, errors.As(err, &f):
		return tgt, err
	case errors.Is(err, kdc.ErrAccount):
		return tgt, faultf(basic.ServiceAccount, "the principal for FAST: %w", err)
	}
	return tgt, faultf(basic.Unavailable, "the ticket for FAST: %w", err)
}

// key returns the principal's best key, or why there is none.
func (a *armory) key(ctx context.Context) (initiator.ServiceKey, error) {
	a.mu.Lock()
	refused, until := a.refused, a.until
	a.mu.Unlock()
	if refused != nil && a.opt.Now().Before(until) {
		return initiator.ServiceKey{}, refused
	}
	client, err := initiator.ParsePrincipal(a.principal, "")
	if err != nil {
		return initiator.ServiceKey{}, faultf(basic.ServiceAccount, "the principal for FAST: %w", err)
	}
	keys, err := a.opt.Keytab.Keys(ctx)
	if err != nil {
		return initiator.ServiceKey{}, &fault{reason: NoKeytab, cause: err}
	}
	for _, id := range a.enctypes {
		if key, kvno, ok := keys.Key(a.principal, id); ok {
			return initiator.ServiceKey{Principal: client, Kvno: kvno, Key: key}, nil
		}
	}
	return initiator.ServiceKey{}, faultf(NoKeytab, "the keytab has no key of %s, the principal for FAST; it has %s", a.principal, keys.Describe())
}

// refuse notes that the KDC refused the principal.
func (a *armory) refuse(_ initiator.ServiceKey, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused, a.until = err, a.opt.Now().Add(armorAgain)
}
