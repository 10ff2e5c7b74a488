package kerberos

import (
	"context"
	"errors"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/basic"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/protocol"
)

// login is one user's. It is used by one goroutine.
type login struct {
	*Backend
	client   initiator.Principal
	password protocol.Secret

	armor initiator.Credential // protects the exchange, where there is an armory

	made initiator.KeyInfo // how key was made
	key  types.EncryptionKey
}

// grantingTicket gets a ticket that only who has the password can read: it asks, is
// asked to prove the password, and does so once.
func (l *login) grantingTicket(ctx context.Context) (initiator.Credential, error) {
	asking, err := l.ask(ctx)
	if err != nil {
		return initiator.Credential{}, err
	}
	answer, err := l.opt.KDCs.Exchange(ctx, l.client.Realm, asking.Message)
	if err != nil {
		return initiator.Credential{}, &fault{reason: basic.Unavailable, cause: err}
	}
	tgt, err := asking.Credential(answer.Message, initiator.KeyInfo{}, l.keyOf(ctx))
	var asked *initiator.KDCError
	switch {
	case err == nil: // the KDC wants no proof of this user
		return tgt, nil
	case errors.Is(err, initiator.ErrKey):
		return tgt, wrongPassword
	case !errors.As(err, &asked):
		return tgt, l.unusable(err)
	}
	info, err := l.demand(ctx, asked)
	if err != nil {
		return initiator.Credential{}, err
	}
	return l.prove(ctx, asking, answer, asked, info)
}

// ask makes the first request, which is protected if it is to be.
func (l *login) ask(ctx context.Context) (initiator.ASRequest, error) {
	if l.armory == nil {
		return initiator.NewASRequest(l.client, l.enctypes, l.opt.Now()), nil
	}
	var err error
	if l.armor, err = l.armory.current(ctx); err != nil {
		return initiator.ASRequest{}, err
	}
	return initiator.NewArmoredASRequest(l.client, l.enctypes, l.armor, l.opt.Now())
}

// demand returns how the key is to be made with which the KDC wants the password
// proved. Who does not exist is asked for a proof all the same, so that a client cannot
// tell by the time it takes; other refusals cost the making of a key.
func (l *login) demand(ctx context.Context, asked *initiator.KDCError) (initiator.KeyInfo, error) {
	usual := initiator.DefaultKeyInfo(l.client, l.enctypes[0])
	switch asked.Code {
	case initiator.ClientUnknown:
		return usual, nil
	case preauthFailed, badIntegrity: // nothing has been tried yet
		return usual, l.unusable(asked)
	case initiator.PreauthRequired:
		info, ok := asked.KeyInfo(l.client, l.enctypes)
		if ok {
			return info, nil
		}
		return usual, faultf(NoProof, "the KDC of %s does not let %s prove a password in a way that is supported and allowed here: it wants a smart card or FAST, or the account has no AES keys, which it gets with a new password", l.client.Realm, l.client)
	}
	if _, err := l.keyOf(ctx)(usual); err != nil {
		return usual, err
	}
	return usual, refusal(asked, l.client, l.opt.Now())
}

// prove sends the one guess.
func (l *login) prove(ctx context.Context, asking initiator.ASRequest, before kdc.Answer, asked *initiator.KDCError, info initiator.KeyInfo) (initiator.Credential, error) {
	key, err := l.keyOf(ctx)(info)
	if err != nil {
		return initiator.Credential{}, err
	}
	proving, err := asking.Proving(key, asked, l.opt.Now())
	if err != nil {
		return initiator.Credential{}, l.unusable(err)
	}
	answer, sent, err := l.opt.KDCs.ExchangeOnce(ctx, l.client.Realm, before, proving.Message)
	if err != nil {
		return initiator.Credential{}, &fault{reason: basic.Unavailable, cause: err, unanswered: sent}
	}
	tgt, err := proving.Credential(answer.Message, info, l.keyOf(ctx))
	var refused *initiator.KDCError
	switch {
	case errors.As(err, &refused):
		return tgt, refusal(refused, l.client, l.opt.Now())
	case err != nil:
		return tgt, l.unusable(err)
	}
	return tgt, nil
}

var errOverloaded = errors.New("no processor was free to make a key of the password in time: too many users log in at once")

// keyOf makes keys of the password, each once, when a processor is free.
func (l *login) keyOf(ctx context.Context) func(initiator.KeyInfo) (types.EncryptionKey, error) {
	return func(info initiator.KeyInfo) (types.EncryptionKey, error) {
		if info == l.made {
			return l.key, nil
		}
		select {
		case l.stretching <- struct{}{}:
		case <-ctx.Done():
			return types.EncryptionKey{}, &fault{reason: basic.Overloaded, cause: errOverloaded}
		}
		defer func() { <-l.stretching }()
		if ctx.Err() != nil { // both were ready
			return types.EncryptionKey{}, &fault{reason: basic.Overloaded, cause: errOverloaded}
		}
		key, err := info.Key(string(l.password))
		if err == nil {
			l.made, l.key = info, key
		}
		return key, err
	}
}

// unusable says that what came was no answer of a KDC's.
func (l *login) unusable(err error) error {
	if f := (*fault)(nil); errors.As(err, &f) {
		return f
	}
	if errors.Is(err, initiator.ErrUnprotected) {
		l.armory.account.Forget(l.armor)
		return faultf(NotProtected, "what came from the KDC of %s is not protected by FAST as it should be: somebody in between changes it, or the KDC does not do FAST: %w", l.client.Realm, err)
	}
	return faultf(BadAnswer, "what came from the KDC of %s cannot be its answer to %s: %w", l.client.Realm, l.client, err)
}
