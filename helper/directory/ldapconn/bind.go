package ldapconn

import (
	"context"
	"errors"

	"github.com/go-ldap/ldap/v3"

	"squidauth/protocol"
)

// Answer is what a server answered when a user was to be logged in.
type Answer struct {
	Code   uint16 // RFC 4511 appendix A; 0: the password is right
	Text   string // what the server says of it
	Policy Policy
	Server Server
}

// err returns the answer as an error, nil for success.
func (a Answer) err() error {
	if a.Code == ldap.LDAPResultSuccess {
		return nil
	}
	return ldap.NewError(a.Code, errors.New(a.Text))
}

// Session is a connection as long as it is a user's.
type Session struct {
	pool *Pool
	conn *conn
	err  error // why it can be used no more
}

// Bind logs a user in with name and password (RFC 4513 section 5.1.3). The server's
// answer, whatever it is, is no error. The password is sent once, to one server: when
// that does not answer, it may have counted a wrong one, so that no other is asked.
// Servers that cannot be connected to get nothing. One that did not answer gets the
// same password no more for some seconds.
//
// If the password is right and then is not nil, then is called while the connection
// is the user's. Its error is Bind's.
func (p *Pool) Bind(ctx context.Context, name string, password protocol.Secret, then func(*Session) error) (Answer, error) {
	if name == "" || password == "" {
		return Answer{}, errAnonymous // RFC 4513 section 5.1.2: such a bind succeeds
	}
	if err := p.acquire(ctx); err != nil {
		return Answer{}, err
	}
	defer p.release()
	for {
		c, isNew := p.takeIdle(ctx), false
		if c == nil {
			var err error
			if c, err = p.openAny(ctx); err != nil {
				return Answer{}, err
			}
			isNew = true
		}
		if p.unanswered.has(c.server, name, password, p.opt.Now()) {
			p.putIdle(c)
			return Answer{}, describe(c.server, errUnanswered)
		}
		c.wire.line.sent = false
		a, err := c.bind(partOf(ctx, 1, p.opt.AnswerTime), name, password, controlPolicy)
		switch {
		case err == nil && a.Code == 0 && then != nil:
			return a, p.session(c, then)
		case err == nil && isUnready(a.Code):
			p.servers.setFailed(c.server)
			p.discard(c) // the next login goes elsewhere
			return a, nil
		case err == nil:
			p.putIdle(c)
			return a, nil
		}
		sent := c.wire.line.sent
		p.discard(c)
		isLate := errors.Is(err, errNoAnswer)
		if isLate && sent {
			p.unanswered.add(c.server, name, password, p.opt.Now())
		}
		if !isNew && !sent && !isLate {
			continue // it had been closed, and got nothing
		}
		return Answer{}, describe(c.server, err)
	}
}

// session calls then, and keeps the connection if it is good for another user.
func (p *Pool) session(c *conn, then func(*Session) error) error {
	s := &Session{pool: p, conn: c}
	defer func() {
		if s.err == nil {
			s.err = errClosed
			p.putIdle(c)
		}
	}()
	return then(s)
}

// Search is Pool.Search as the user, on the user's connection.
func (s *Session) Search(ctx context.Context, q *ldap.SearchRequest) ([]*ldap.Entry, error) {
	if s.err != nil {
		return nil, describe(s.conn.server, s.err)
	}
	r, err := s.conn.search(partOf(ctx, 1, s.pool.opt.AnswerTime), q)
	code, answered := resultCode(err)
	switch {
	case err == nil:
		return r.found, nil
	case answered:
		return nil, describe(s.conn.server, &answerError{err, code})
	}
	s.err = err
	s.pool.discard(s.conn)
	return nil, describe(s.conn.server, s.err)
}
