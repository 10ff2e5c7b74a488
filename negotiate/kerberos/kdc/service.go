package kdc

import (
	"context"
	"fmt"

	"squidauth/negotiate/kerberos/initiator"
)

// ServiceTicket gets a new ticket for a service of a realm that is known, whatever
// the cache holds.
func (c *Client) ServiceTicket(ctx context.Context, service initiator.Principal) (initiator.Credential, error) {
	tgt, err := c.grantingTicket()
	if err != nil {
		return initiator.Credential{}, err
	}
	at := c.User.Realm
	for range maxReferrals {
		want := service
		if at != service.Realm {
			want = initiator.TGS(service.Realm, at)
		}
		got, err := c.request(ctx, tgt, want)
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
