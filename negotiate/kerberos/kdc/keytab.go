package kdc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"squidauth/negotiate/kerberos/initiator"
)

// Error codes of KDCs for logins (RFC 4120 section 7.5.9).
const (
	clientUnknown = 6
	keyExpired    = 23
	preauthFailed = 24
)

// ErrAccount says that the KDC refuses an account or its key. Trying again may lock
// the account.
var ErrAccount = errors.New("the KDC refuses the account")

// Account gets tickets for an account with its key. It may be used from several
// goroutines.
type Account struct {
	client Client

	key    func(context.Context) (initiator.ServiceKey, error)
	refuse func(initiator.ServiceKey, error)

	turn chan struct{}        // held by who logs in, so that a wrong key is one guess
	tgt  initiator.Credential // guarded by turn
}

// ForAccount returns the Account with a key, which key returns as it is now; refuse is
// told when the KDC refuses that with ErrAccount. The configuration is read where MIT's
// library does.
func ForAccount(lookup Lookup, key func(context.Context) (initiator.ServiceKey, error), refuse func(initiator.ServiceKey, error), now func() time.Time) (*Account, error) {
	conf, err := loadConfig(lookup)
	if err != nil {
		return nil, err
	}
	realms := NewRealms(lookup, nil, now)
	realms.config = conf
	return NewAccount(realms, key, refuse), nil
}

// NewAccount returns the Account likewise, which asks those KDCs.
func NewAccount(realms *Realms, key func(context.Context) (initiator.ServiceKey, error), refuse func(initiator.ServiceKey, error)) *Account {
	return &Account{client: Client{realms: realms, now: realms.now}, key: key, refuse: refuse, turn: make(chan struct{}, 1)}
}

// renewBefore is how long before its end a ticket-granting ticket is not used any
// more.
const renewBefore = 5 * time.Minute

// ServiceTicket gets a new ticket for a service.
func (a *Account) ServiceTicket(ctx context.Context, service initiator.Principal) (initiator.Credential, error) {
	tgt, err := a.GrantingTicket(ctx)
	if err != nil {
		return initiator.Credential{}, err
	}
	c := a.client
	c.User = tgt.Client
	return c.followFrom(ctx, tgt, service, true)
}

// Forget forgets a ticket-granting ticket that the KDC takes no longer.
func (a *Account) Forget(tgt initiator.Credential) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
		if bytes.Equal(a.tgt.Ticket.Enc.Cipher, tgt.Ticket.Enc.Cipher) {
			a.tgt = initiator.Credential{}
		}
	default: // somebody gets another one
	}
}

// GrantingTicket returns the account's, a new one if the last one ends soon.
func (a *Account) GrantingTicket(ctx context.Context) (initiator.Credential, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return initiator.Credential{}, ctx.Err()
	}
	k, err := a.key(ctx)
	if err != nil {
		return initiator.Credential{}, err
	}
	now := a.client.now()
	if a.tgt.Client.String() == k.Principal.String() && now.Add(renewBefore).Before(a.tgt.EndTime) {
		return a.tgt, nil
	}
	tgt, err := a.login(ctx, k, now)
	if err != nil {
		if errors.Is(err, ErrAccount) {
			a.refuse(k, err)
		}
		return initiator.Credential{}, err
	}
	a.tgt = tgt
	return tgt, nil
}

// login asks the KDC of the account's realm, once.
func (a *Account) login(ctx context.Context, k initiator.ServiceKey, now time.Time) (initiator.Credential, error) {
	r, err := k.Login(now)
	if err != nil {
		return initiator.Credential{}, fmt.Errorf("the key of %s cannot be used: %w", k.Principal, err)
	}
	answer, err := a.client.realms.Exchange(ctx, k.Principal.Realm, r.Message)
	if err != nil {
		return initiator.Credential{}, err
	}
	tgt, err := r.LoginCredential(answer.Message, k)
	var refused *initiator.KDCError
	switch {
	case errors.As(err, &refused):
		return initiator.Credential{}, explainLogin(refused, k, now)
	case err != nil:
		return initiator.Credential{}, fmt.Errorf("the answer of the KDC of %s cannot be used: %w", k.Principal.Realm, err)
	}
	return tgt, nil
}

// explainLogin says in words what a KDC's refusal of an account means, and what to do.
func explainLogin(e *initiator.KDCError, k initiator.ServiceKey, now time.Time) error {
	text := fmt.Sprintf("the KDC of %s refuses %s with Kerberos error %d", k.Principal.Realm, k, e.Code)
	switch e.Code {
	case clientUnknown:
		return fmt.Errorf("%w: %s: it knows no such account; Active Directory knows a machine as NAME$ and not by its services", ErrAccount, text)
	case preauthFailed:
		return fmt.Errorf("%w: %s: the keytab has not the account's key of today", ErrAccount, text)
	case clientRevoked, keyExpired:
		return fmt.Errorf("%w: %s: the account is disabled, locked or expired, or its password is", ErrAccount, text)
	case enctypeUnknown:
		text += ": the account has no key of that type"
	case clockSkew:
		text += fmt.Sprintf(": here it is %s, there %s: set both clocks by NTP", now.UTC().Format(time.TimeOnly), e.Time.Format(time.TimeOnly))
	}
	return errors.New(text)
}
