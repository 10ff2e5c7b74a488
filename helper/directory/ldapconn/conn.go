package ldapconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/protocol"
)

// conn is a connection that is ready for requests. It is used by one goroutine at
// a time.
type conn struct {
	ldap   *ldap.Conn
	wire   *wire
	server Server
	expiry *time.Timer // while it is idle
}

// startTLSError is why a connection could not be protected.
type startTLSError struct{ cause error }

func (e *startTLSError) Error() string { return "StartTLS: " + words(e.cause) }
func (e *startTLSError) Unwrap() error { return e.cause }

var errPanic = errors.New("it sends what cannot be read")

// do runs a request of the library, which may wait and panic as it likes.
func (c *conn) do(ctx context.Context, request func() error) error {
	return c.wire.during(ctx, func() (err error) {
		defer func() {
			if recover() != nil {
				c.wire.shut(errPanic)
				err = errPanic
			}
		}()
		return request()
	})
}

// searchResult is what a server finds, and where it refers to.
type searchResult struct {
	found     []*ldap.Entry
	referrals []string
}

func (c *conn) search(ctx context.Context, q *ldap.SearchRequest) (r searchResult, err error) {
	err = c.do(ctx, func() error {
		result, err := c.ldap.Search(q)
		if result != nil {
			r = searchResult{result.Entries, result.Referrals}
		}
		switch {
		case q.SizeLimit > 0 && len(r.found) >= q.SizeLimit && ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
			return nil // as was asked for
		case ldap.IsErrorWithCode(err, ldap.LDAPResultReferral):
			r.referrals = referralsOf(err)
		}
		return err
	})
	if err != nil {
		r.found = nil
	}
	return r, err
}

// referralsOf reads those of a result (RFC 4511 section 4.1.9), which the library
// keeps to itself.
func referralsOf(err error) (uris []string) {
	const context, tagReferral = 0x80, 3
	var answer *ldap.Error
	if !errors.As(err, &answer) || answer.Packet == nil || len(answer.Packet.Children) < 2 {
		return nil
	}
	for _, part := range answer.Packet.Children[1].Children {
		if part.ClassType != context || part.Tag != tagReferral {
			continue
		}
		for _, uri := range part.Children {
			uris = append(uris, string(uri.ByteValue))
		}
	}
	return uris
}

// isUsable reports whether the connection can take another request.
func (c *conn) isUsable() bool { return !c.ldap.IsClosing() && c.wire.end() == nil }

func (c *conn) close() {
	c.wire.shut(errClosed)
	c.ldap.Close()
}

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
	c := &conn{wire: &wire{Conn: raw}, server: server}
	if err := p.prepare(ctx, c, protection, ticket); err != nil {
		cause := c.wire.end()
		if c.wire.shut(errClosed); c.ldap != nil {
			c.ldap.Close()
		}
		return nil, because(err, cause)
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
	var under net.Conn = c.wire
	if p.opt.Login != nil {
		under = p.opt.Login.Over(c.wire)
	}
	startTLS := protection != nil && c.server.StartsPlain()
	switch {
	case protection == nil, startTLS:
		c.ldap = ldap.NewConn(under, false)
	default:
		over := tls.Client(c.wire, protection)
		if err := c.wire.during(ctx, func() error { return over.HandshakeContext(ctx) }); err != nil {
			return err
		}
		c.ldap = ldap.NewConn(over, true)
	}
	c.ldap.Start()
	if startTLS {
		if err := c.do(ctx, func() error { return c.ldap.StartTLS(protection) }); err != nil {
			return &startTLSError{err}
		}
	}
	if p.opt.Login != nil {
		return c.do(ctx, func() error { return p.opt.Login.Bind(c.ldap, under, ticket) })
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
	err = c.do(ctx, func() error { return c.ldap.Bind(p.opt.BindDN, string(secret)) })
	if err == nil {
		p.refused.succeed(secret, p.opt.Now())
	}
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
		return err
	}
	return p.refused.remember(secret, p.opt.Now(), err)
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
