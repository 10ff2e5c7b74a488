package kerberos

import (
	"context"
	"errors"
	"time"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/basic"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/initiator"
)

const (
	// spare is how long before its end an armor ticket is replaced.
	spare = 5 * time.Minute
	// armorAgain is when a ticket is asked for again that was refused.
	armorAgain = 5 * time.Second
)

// armory keeps the ticket with which logins are protected (RFC 6113 section 5.4): one of
// a principal of the keytab. It may be used from several goroutines.
type armory struct {
	*Backend
	principal string // with realm

	turn    chan struct{} // holds a token while somebody gets a ticket, who owns what follows
	ticket  initiator.Credential
	failure error     // why there is none
	until   time.Time // when that is tried again
}

func newArmory(b *Backend, principal string) *armory {
	return &armory{Backend: b, principal: principal, turn: make(chan struct{}, 1)}
}

// current returns the ticket, which it gets if there is none.
func (a *armory) current(ctx context.Context) (initiator.Credential, error) {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return initiator.Credential{}, faultf(basic.Unavailable, "the ticket for FAST was not there in time")
	}
	defer func() { <-a.turn }()
	now := a.opt.Now()
	if a.ticket.EndTime.Sub(now) > spare {
		return a.ticket, nil
	}
	if a.failure == nil || now.After(a.until) {
		a.ticket, a.failure = a.fetch(ctx)
		a.until = a.opt.Now().Add(armorAgain)
	}
	return a.ticket, a.failure
}

// drop forgets a ticket by which an answer came unprotected: the KDC may know it no
// longer.
func (a *armory) drop(ticket initiator.Credential) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
		if a.ticket.EndTime.Equal(ticket.EndTime) {
			a.ticket = initiator.Credential{}
		}
	default: // somebody is at it
	}
}

// fetch gets a ticket for the principal with its keys.
func (a *armory) fetch(ctx context.Context) (initiator.Credential, error) {
	client, err := initiator.ParsePrincipal(a.principal, "")
	if err != nil {
		return initiator.Credential{}, faultf(basic.ServiceAccount, "the principal for FAST: %w", err)
	}
	keys, err := a.opt.Keytab.Keys(ctx)
	if err != nil {
		return initiator.Credential{}, &fault{NoKeytab, err}
	}
	var enctypes []int32
	for _, id := range a.enctypes {
		if _, ok := keys.Key(a.principal, id); ok {
			enctypes = append(enctypes, id)
		}
	}
	if enctypes == nil {
		return initiator.Credential{}, faultf(NoKeytab, "the keytab has no key of %s, the principal for FAST; it has %s", a.principal, keys.Describe())
	}
	tgt, err := a.exchange(ctx, keys, initiator.NewASRequest(client, enctypes, a.opt.Now()), client, enctypes)
	var refused *initiator.KDCError
	switch {
	case errors.As(err, &refused):
		return tgt, faultf(basic.ServiceAccount, "the KDC of %s refuses %s, the principal for FAST, a ticket with %s: can it log in, and is the keytab up to date?", client.Realm, a.principal, inWords(refused))
	case errors.Is(err, initiator.ErrKey):
		return tgt, faultf(basic.ServiceAccount, "the KDC of %s answers with another key of %s, the principal for FAST, than the keytab has: it is out of date", client.Realm, a.principal)
	}
	return tgt, err
}

// exchange asks, and proves the key if that is demanded.
func (a *armory) exchange(ctx context.Context, keys *kerberos.Keyring, asking initiator.ASRequest, client initiator.Principal, enctypes []int32) (initiator.Credential, error) {
	keyOf := func(info initiator.KeyInfo) (types.EncryptionKey, error) {
		key, _ := keys.Key(a.principal, info.Enctype())
		return key, nil
	}
	answer, err := a.opt.KDCs.Exchange(ctx, client.Realm, asking.Message)
	if err != nil {
		return initiator.Credential{}, &fault{basic.Unavailable, err}
	}
	tgt, err := asking.Credential(answer.Message, initiator.KeyInfo{}, keyOf)
	var asked *initiator.KDCError
	if !errors.As(err, &asked) || asked.Code != initiator.PreauthRequired {
		return tgt, err
	}
	info, ok := asked.KeyInfo(client, enctypes)
	if !ok {
		return tgt, err
	}
	key, _ := keys.Key(a.principal, info.Enctype())
	proving, err := asking.Proving(key, asked, a.opt.Now())
	if err != nil {
		return tgt, err
	}
	if answer, err = a.opt.KDCs.Exchange(ctx, client.Realm, proving.Message); err != nil {
		return tgt, &fault{basic.Unavailable, err}
	}
	return proving.Credential(answer.Message, info, keyOf)
}
