package ldapconn

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/protocol"
)

// conn is a connection that is ready for requests. It is used by one goroutine at
// a time.
type conn struct {
	wire   *wire
	server Server
	expiry *time.Timer // while it is idle
}

// startTLSError is why a connection could not be protected.
type startTLSError struct{ cause error }

func (e *startTLSError) Error() string { return "StartTLS: " + words(e.cause) }
func (e *startTLSError) Unwrap() error { return e.cause }

func (c *conn) close() { c.wire.close() }

// open connects to a server, protects the connection and binds.
func (p *Pool) open(ctx context.Context, server Server) (*conn, error) {
	protection, err := p.protection(ctx, server)
	if err != nil {
		return nil, err
	}
	var ticket any
	if p.opt.Login != nil {
		if ticket, err = p.opt.Login.Ticket(ctx, server.host); err != nil {
			return nil, &ticketError{err}
		}
	}
	raw, err := p.opt.Dial(ctx, server.network(), server.address)
	if err != nil {
		return nil, err
	}
	c := &conn{wire: newWire(raw), server: server}
	if err := p.prepare(ctx, c, protection, ticket); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// protection returns how TLS is to be set up, nil for none.
func (p *Pool) protection(ctx context.Context, s Server) (*tls.Config, error) {
	if s.scheme != schemeTLS && !(s.StartsPlain() && p.opt.StartTLS) {
		return nil, nil
	}
	config := &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: p.opt.AnyCertificate}
	if p.opt.CA != nil {
		roots, err := p.opt.CA.Current(ctx)
		if roots == nil {
			return nil, fmt.Errorf("the CA's certificate is not there: %w", err)
		}
		config.RootCAs = roots
	}
	if p.opt.Certificate != nil {
		own, err := p.opt.Certificate.current(ctx)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{*own}
	}
	return config, nil
}

func (p *Pool) prepare(ctx context.Context, c *conn, protection *tls.Config, ticket any) error {
	if p.opt.Login != nil {
		c.wire.stream = p.opt.Login.Over(c.wire.line)
	}
	over := c.wire.stream
	var err error
	switch {
	case protection == nil:
	case c.server.StartsPlain():
		err = c.startTLS(ctx, protection)
	default:
		err = c.wire.secure(ctx, protection)
	}
	switch {
	case err != nil:
		return err
	case p.opt.Login != nil:
		return p.opt.Login.Bind(exchange{ctx, c}, over, ticket)
	}
	return p.bind(ctx, c)
}

// bind tells the server who asks. A password that was refused is not sent again
// for a while, unless the file has another: that would lock the account. For the same
// reason connections to one server do not send at once what was not right of late.
func (p *Pool) bind(ctx context.Context, c *conn) error {
	if p.opt.BindDN == "" {
		return nil
	}
	secret, err := p.opt.Secret.Current(ctx)
	if err != nil {
		return fmt.Errorf("the bind DN's password is not there: %w", err)
	}
	release, err := p.await(ctx, c.server, secret)
	if err != nil {
		return err
	}
	defer release()
	if err := p.refused.check(secret, p.opt.Now()); err != nil {
		return err
	}
	a, err := c.bind(ctx, p.opt.BindDN, secret)
	switch {
	case err != nil:
		return err
	case a.Code == ldap.LDAPResultSuccess:
		p.refused.succeed(secret, p.opt.Now())
		return nil
	case a.Code == ldap.LDAPResultInvalidCredentials:
		return p.refused.remember(secret, p.opt.Now(), a.err())
	}
	return a.err()
}

// await waits until nobody else sends a password to the server that was not right of
// late, which this one may be as well by then.
func (p *Pool) await(ctx context.Context, s Server, secret protocol.Secret) (release func(), err error) {
	proven := func() bool { return p.refused.isGood(secret, p.opt.Now()) }
	if proven() {
		return func() {}, nil
	}
	turn := p.turn(s)
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, errNoAnswer
	}
	if proven() {
		<-turn
		return func() {}, nil
	}
	return func() { <-turn }, nil
}

// turn returns what who binds to a server holds.
func (p *Pool) turn(s Server) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.turns == nil {
		p.turns = make(map[Server]chan struct{})
	}
	if p.turns[s] == nil {
		p.turns[s] = make(chan struct{}, 1)
	}
	return p.turns[s]
}
