package ldapconn

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// attrTime of the rootDSE is Active Directory's clock ([MS-ADTS] section 3.1.1.3.2.5).
const attrTime = "currentTime"

var errNoTime = errors.New("the server does not say what time it is")

// Time returns what time it is to a host of Active Directory. The answer is not
// protected. dial nil means a net.Dialer's.
func Time(ctx context.Context, host string, dial func(ctx context.Context, network, address string) (net.Conn, error)) (time.Time, error) {
	server, err := parseHost(schemePlain, host)
	if err != nil {
		return time.Time{}, err
	}
	p := New(Options{Servers: []Server{server}, Dial: dial})
	c, err := p.open(ctx, server)
	if err != nil {
		return time.Time{}, err
	}
	defer c.close()
	found, err := c.search(ctx, &ldap.SearchRequest{Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: []string{attrTime}})
	if err != nil {
		return time.Time{}, err
	}
	for _, e := range found.found {
		if t, err := time.Parse("20060102150405.0Z", e.GetEqualFoldAttributeValue(attrTime)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errNoTime
}
