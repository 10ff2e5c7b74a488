package kdc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"squidauth/negotiate/kerberos/initiator"
)

// Client gets tickets for the user of a credential cache. It may be used from
// several goroutines.
type Client struct {
	User  initiator.Principal
	Cache string // the file

	entries []entry
	config  *config
	realms  *Realms
	now     func() time.Time
}

// Open finds the credential cache of the user with that number, and the
// configuration, where MIT's library does.
func Open(lookup Lookup, uid int, now func() time.Time) (*Client, error) {
	conf, err := loadConfig(lookup)
	if err != nil {
		return nil, err
	}
	path, err := cachePath(lookup, conf, uid)
	if err != nil {
		return nil, err
	}
	content, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no credential cache %s: log in with kinit; if klist shows tickets elsewhere, "+adviceFile, path)
	}
	realms := NewRealms(lookup, nil, now)
	realms.config = conf
	c := &Client{Cache: path, config: conf, realms: realms, now: now}
	if err == nil {
		c.User, c.entries, err = parseCache(content)
	}
	if err != nil {
		return nil, fmt.Errorf("the credential cache %s cannot be used: %w", path, err)
	}
	return c, nil
}

// Service is the service HTTP of a host, in the realm that krb5.conf says, or in
// the user's.
func (c *Client) service(host string) initiator.Principal {
	realm := c.config.realmOf(host)
	if realm == "" {
		realm = c.User.Realm
	}
	return initiator.Principal{Name: []string{"HTTP", host}, Realm: realm}
}

// Cached returns the user's ticket for the service HTTP of the host, if the cache
// has one that has not expired. A browser takes it.
func (c *Client) Cached(host string) (initiator.Credential, bool) {
	service := c.service(host)
	for _, e := range c.entries {
		if slices.Equal(e.server.Name, service.Name) && e.end.After(c.now()) {
			if found, err := c.credential(e); err == nil {
				return found, true
			}
		}
	}
	return initiator.Credential{}, false
}

// grantingTicket returns the ticket with which others are got.
func (c *Client) grantingTicket() (initiator.Credential, error) {
	name := initiator.TGS(c.User.Realm, c.User.Realm)
	i := slices.IndexFunc(c.entries, func(e entry) bool { return e.server.String() == name.String() })
	if i < 0 {
		return initiator.Credential{}, fmt.Errorf("the credential cache %s of %s has no ticket-granting ticket: log in with kinit", c.Cache, c.User)
	}
	e := c.entries[i]
	if ago := c.now().Sub(e.end); ago > 0 {
		return initiator.Credential{}, fmt.Errorf("the tickets of %s in %s expired %v ago: log in with kinit", c.User, c.Cache, ago.Round(time.Second))
	}
	found, err := c.credential(e)
	if err != nil {
		return initiator.Credential{}, fmt.Errorf("the ticket-granting ticket in %s cannot be used: %w", c.Cache, err)
	}
	return found, nil
}

func (c *Client) credential(e entry) (initiator.Credential, error) {
	ticket, err := initiator.ParseTicket(e.ticket)
	return initiator.Credential{Ticket: ticket, Session: e.key, Client: c.User, EndTime: e.end}, err
}

// Ticket gets a new ticket for the service HTTP of the host from the KDC, whatever
// the cache holds: from that of the user's realm, or one that it refers to (RFC
// 4120 section 1.2, RFC 6806 section 8). The cache remains as it is.
func (c *Client) Ticket(ctx context.Context, host string) (initiator.Credential, error) {
	return c.follow(ctx, c.service(host), c.config.realmOf(host) != "")
}

// ServiceTicket gets a new ticket for a service of a realm that is known, whatever
// the cache holds.
func (c *Client) ServiceTicket(ctx context.Context, service initiator.Principal) (initiator.Credential, error) {
	return c.follow(ctx, service, true)
}

// follow gets the ticket with that of the cache, and says in words what is wrong.
func (c *Client) follow(ctx context.Context, service initiator.Principal, realmKnown bool) (initiator.Credential, error) {
	tgt, err := c.grantingTicket()
	if err != nil {
		return initiator.Credential{}, err
	}
	return c.followFrom(ctx, tgt, service, realmKnown)
}

// followFrom is follow with a ticket-granting ticket of the user's realm.
func (c *Client) followFrom(ctx context.Context, tgt initiator.Credential, service initiator.Principal, realmKnown bool) (initiator.Credential, error) {
	got, err := c.realms.follow(ctx, tgt, service, realmKnown)
	var refused *initiator.KDCError
	if at := (*Error)(nil); errors.As(err, &at) && errors.As(err, &refused) {
		err = explain(refused, at.Service, c.now())
	}
	return got, err
}
