package kdc

import (
	"context"
	"fmt"

	"squidauth/negotiate/kerberos/initiator"
)

// maxReferrals bounds the KDCs that a request is referred to. MIT's library takes
// as many.
const maxReferrals = 10

// ServiceTicket gets a ticket for a service, whose realm is known, from the KDC of the
// client's realm, or one that it refers to (RFC 4120 section 1.2). tgt is for the KDC
// of the client's realm. An *Error says what the KDC refused.
func (r *Realms) ServiceTicket(ctx context.Context, tgt initiator.Credential, service initiator.Principal) (initiator.Credential, error) {
	return r.follow(ctx, tgt, service, true)
}

// follow asks the KDC of the client's realm, and those that it refers to. Where the
// service's realm is known, others are asked for the way there; else they say which it
// is (RFC 6806 section 8).
func (r *Realms) follow(ctx context.Context, tgt initiator.Credential, service initiator.Principal, realmKnown bool) (initiator.Credential, error) {
	at := tgt.Client.Realm
	for range maxReferrals {
		want := initiator.Principal{Name: service.Name, Realm: at}
		if realmKnown && at != service.Realm {
			want = initiator.TGS(service.Realm, at)
		}
		got, err := r.request(ctx, tgt, want)
		if err != nil {
			return initiator.Credential{}, err
		}
		next, referred := got.Leads()
		if !referred {
			return got, nil
		}
		tgt, at = got, next
	}
	return initiator.Credential{}, fmt.Errorf("the KDCs refer to each other, the last of them to that of realm %s", at)
}

// request asks the KDC of the service's realm.
func (r *Realms) request(ctx context.Context, tgt initiator.Credential, service initiator.Principal) (initiator.Credential, error) {
	req, err := tgt.Request(service, r.now())
	if err != nil {
		return initiator.Credential{}, fmt.Errorf("the ticket-granting ticket of %s cannot be used: %w", tgt.Client, err)
	}
	answer, err := r.Exchange(ctx, service.Realm, req.Message)
	if err != nil {
		return initiator.Credential{}, err
	}
	got, err := req.Credential(answer.Message, tgt)
	if err != nil {
		return initiator.Credential{}, &Error{Service: service, cause: err}
	}
	return got, nil
}

// Error says that a KDC gave no ticket for the service. It wraps an
// *initiator.KDCError, if the KDC said no.
type Error struct {
	Service initiator.Principal

	cause error
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("the answer of the KDC of %s cannot be used: %v", e.Service.Realm, e.cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }
