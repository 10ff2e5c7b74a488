package kerberos

import (
	"context"
	"crypto/hmac"
	"errors"
	"sync"
	"time"

	"squidauth/basic"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
)

// When a ticket is asked for again that was refused: the KDC may count it, so ever more
// seldom while the key is the same.
const (
	armorAgain  = 5 * time.Second
	armorSeldom = 5 * time.Minute
)

// armory has the ticket with which logins are protected (RFC 6113 section 5.4): one of
// a principal of the keytab. It may be used from several goroutines.
type armory struct {
	*Backend
	principal string // with realm
	account   *kdc.Account

	mu      sync.Mutex
	refused error                // why the KDC refused the principal
	tried   initiator.ServiceKey // with which key
	times   int                  // one after the other
	until   time.Time            // when it is asked again with that
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
	case err == nil:
		a.taken()
		return tgt, nil
	case errors.As(err, &f):
		return tgt, f
	case errors.Is(err, kdc.ErrAccount):
		return tgt, faultf(basic.ServiceAccount, "the principal for FAST: %w", err)
	}
	return tgt, faultf(basic.Unavailable, "the ticket for FAST: %w", err)
}

// key returns the principal's best key, or why there is none.
func (a *armory) key(ctx context.Context) (initiator.ServiceKey, error) {
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
			k := initiator.ServiceKey{Principal: client, Kvno: kvno, Key: key}
			return k, a.wasRefused(k)
		}
	}
	return initiator.ServiceKey{}, faultf(NoKeytab, "the keytab has no key of %s, the principal for FAST; it has %s", a.principal, keys.Describe())
}

// wasRefused returns why the KDC refused the key a short time ago.
func (a *armory) wasRefused(k initiator.ServiceKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := a.until.Sub(a.opt.Now())
	if a.refused != nil && sameKey(k, a.tried) && 0 < left && left <= armorSeldom { // or the clock was put back
		return a.refused
	}
	return nil
}

// refuse notes that the KDC refused the key.
func (a *armory) refuse(k initiator.ServiceKey, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !sameKey(k, a.tried) {
		a.times = 0
	}
	wait := min(armorAgain<<min(a.times, 10), armorSeldom)
	a.times++
	a.refused, a.tried, a.until = err, k, a.opt.Now().Add(wait)
}

// taken notes that the KDC took the key.
func (a *armory) taken() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused, a.times = nil, 0
}

func sameKey(k, other initiator.ServiceKey) bool {
	return k.Kvno == other.Kvno && k.Key.KeyType == other.Key.KeyType && hmac.Equal(k.Key.KeyValue, other.Key.KeyValue)
}
