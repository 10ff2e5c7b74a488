package machine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/ntlm/machine/gss"
	"squidauth/ntlm/netlogon/locator"
)

// Protection is what keeps others from reading and changing what a domain controller
// is told. There is no connection without.
type Protection int

// The protections. With a ticket, the first two bind the login to the TLS channel.
const (
	LDAPS    Protection = iota // TLS from the first byte
	StartTLS                   // TLS after a request
	Sealed                     // the ticket's keys; only with a ticket
)

const (
	portPlain = "389"
	portTLS   = "636"
)

// Domain says where an account's domain is, and how it is asked.
type Domain struct {
	Account    Account
	Hosts      []string       // domain controllers, HOST or HOST:PORT; empty: those in the DNS
	Protection Protection     // of connections to them
	CA         *x509.CertPool // that their certificates must lead to; nil: the system's

	Dial     locator.Dial     // nil: a net.Dialer's
	Resolver locator.Resolver // nil: that of the system
	Now      func() time.Time // nil: time.Now
}

// Login is who asks a domain controller: by password, or by ticket. It prints as its
// user.
type Login struct {
	User     string // a name with or without @REALM, DOMAIN\name, or a DN
	Password string

	// Ticket gets a ticket for a service, as (*kdc.Client).ServiceTicket does; nil: by
	// password.
	Ticket func(context.Context, initiator.Principal) (initiator.Credential, error)
}

// String implements fmt.Stringer.
func (l Login) String() string { return l.User }

// GoString implements fmt.GoStringer.
func (l Login) GoString() string { return l.User }

var (
	errSealedPassword = errors.New("a password must be protected by TLS: sealed connections are for tickets")
	errNoHost         = errors.New("no domain controller is known")
)

// complete fills in the defaults.
func (d *Domain) complete() {
	if d.Dial == nil {
		d.Dial = new(net.Dialer).DialContext
	}
	if d.Resolver == nil {
		d.Resolver = net.DefaultResolver
	}
	if d.Now == nil {
		d.Now = time.Now
	}
}

// bindName is the login's name for a simple bind ([MS-ADTS] section 5.1.1.1.1).
func (d *Domain) bindName(l Login) string {
	if strings.ContainsAny(l.User, `@\=`) {
		return l.User
	}
	return l.User + "@" + d.Account.Realm
}

// connect opens a connection to the first domain controller that can be reached, and
// logs in. What a controller says of the login is not asked of another.
func (d *Domain) connect(ctx context.Context, l Login) (*directory, error) {
	if l.Ticket == nil && d.Protection == Sealed {
		return nil, errSealedPassword
	}
	hosts := d.Hosts
	if len(hosts) == 0 {
		var err error
		if hosts, err = (&locator.Locator{Realm: d.Account.dnsDomain(), Resolver: d.Resolver, Dial: d.Dial}).Find(ctx); err != nil {
			return nil, err
		}
	}
	failures := []error{}
	for _, host := range hosts {
		c, err := d.open(ctx, host)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if err := c.login(ctx, l); err != nil {
			c.close()
			return nil, err
		}
		return c, nil
	}
	if len(failures) == 0 {
		return nil, errNoHost
	}
	return nil, errors.Join(failures...)
}

// open opens a connection, and reads what the controller says of itself.
func (d *Domain) open(ctx context.Context, host string) (*directory, error) {
	name, address := d.address(host)
	raw, err := d.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, unreachable(name, err)
	}
	c := &directory{domain: d, name: name, host: host, wire: newWire(raw)}
	c.stop = context.AfterFunc(ctx, func() { raw.Close() })
	if err := c.protect(ctx); err != nil {
		c.close()
		return nil, unreachable(name, because(ctx, err))
	}
	if err := c.readRoot(ctx); err != nil {
		c.close()
		return nil, unreachable(name, because(ctx, err))
	}
	return c, nil
}

// address returns the name of a host, and where it listens.
func (d *Domain) address(host string) (name, address string) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name, host
	}
	port := portPlain
	if d.Protection == LDAPS {
		port = portTLS
	}
	name = strings.Trim(host, "[]") // of an IPv6 address
	return name, net.JoinHostPort(name, port)
}

// protect begins the protection by TLS, if there is to be one.
func (c *directory) protect(ctx context.Context) error {
	config := &tls.Config{ServerName: c.name, RootCAs: c.domain.CA, MinVersion: tls.VersionTLS12}
	if c.domain.Protection == LDAPS {
		over := tls.Client(c.wire, config)
		if err := over.HandshakeContext(ctx); err != nil {
			return err
		}
		c.ldap = ldap.NewConn(over, true)
	} else {
		c.ldap = ldap.NewConn(c.wire, false)
	}
	c.ldap.Start()
	if c.domain.Protection == StartTLS {
		return c.do(ctx, func() error { return c.ldap.StartTLS(config) })
	}
	return nil
}

// login binds.
func (c *directory) login(ctx context.Context, l Login) error {
	if l.Ticket == nil {
		name := c.domain.bindName(l)
		if err := c.do(ctx, func() error { return c.ldap.Bind(name, l.Password) }); err != nil {
			return refusedLogin(c.name, name, err)
		}
		return nil
	}
	ticket, err := c.ticket(ctx, l)
	if err != nil {
		return err
	}
	s := &gss.SASL{Ticket: ticket, Now: c.domain.Now(), Sealed: c.domain.Protection == Sealed}
	if state, ok := c.ldap.TLSConnectionState(); ok && len(state.PeerCertificates) > 0 {
		s.Bindings = gss.ServerEndPoint(state.PeerCertificates[0])
	}
	if err := c.do(ctx, func() error { return c.ldap.GSSAPIBind(s, "", "") }); err != nil {
		return refusedTicket(c.name, ticket.Client.String(), err)
	}
	if s.Sealed {
		c.wire.Protect(s)
	}
	return nil
}

// ticket gets a ticket for the controller by a name that only controllers of the
// domain have, so that nothing depends on where its host's name comes from. By host's
// name alone it is asked for only if that was configured.
func (c *directory) ticket(ctx context.Context, l Login) (initiator.Credential, error) {
	a, host := c.domain.Account, c.name
	if _, err := netip.ParseAddr(host); err == nil {
		host = c.dnsName
	}
	host = strings.ToLower(host)
	ticket, err := l.Ticket(ctx, initiator.Principal{Name: []string{"ldap", host, a.dnsDomain()}, Realm: a.Realm})
	if errors.Is(err, kdc.ErrUnknownService) && len(c.domain.Hosts) > 0 && host == strings.ToLower(c.name) {
		ticket, err = l.Ticket(ctx, initiator.Principal{Name: []string{"ldap", host}, Realm: a.Realm})
	}
	if errors.Is(err, kdc.ErrUnknownService) {
		return ticket, fmt.Errorf("the KDC of %s knows no domain controller %s: give --dc the full name that it has in the domain", a.Realm, host)
	}
	return ticket, err
}
