package ldapconn

import (
	"context"

	"github.com/go-ldap/ldap/v3"

	"squidauth/protocol"
)

// Search returns the entries that a server finds, within the time that ctx leaves.
// References to other servers are not followed. A search with a SizeLimit returns as
// many entries if there are more. The error says in words for the operator what each
// server that was asked has against it; IsAnswer tells whether one works all the same.
func (p *Pool) Search(ctx context.Context, q *ldap.SearchRequest) (found []*ldap.Entry, err error) {
	err = p.ask(ctx, func(ctx context.Context, c *conn) error {
		r, err := c.search(ctx, q)
		found = r.found
		return err
	})
	return found, err
}

// Compare reports whether an entry's attribute has the value. Its errors are as
// Search's.
func (p *Pool) Compare(ctx context.Context, dn, attribute string, value protocol.Secret) (match bool, err error) {
	err = p.ask(ctx, func(ctx context.Context, c *conn) (err error) {
		match, err = c.compare(ctx, dn, attribute, value)
		return err
	})
	return match && err == nil, err
}

// request is what may be asked of one server after the other.
type request func(context.Context, *conn) error

// ask puts a request to the servers until one answers.
func (p *Pool) ask(ctx context.Context, r request) error {
	if err := p.acquire(ctx); err != nil {
		return err
	}
	defer p.release()
	if c := p.takeIdle(ctx); c != nil {
		err := p.askOn(ctx, 1+p.servers.count(), c, r)
		if err == nil || isFinal(err) {
			return describe(c.server, err)
		}
	}
	return p.askAnew(ctx, r)
}

// askAnew asks servers on new connections.
func (p *Pool) askAnew(ctx context.Context, r request) error {
	ranked, err := p.servers.ranking(ctx)
	if err != nil {
		return err
	}
	var t troubles
	for i, server := range ranked {
		err := p.askServer(ctx, len(ranked)-i, server, r)
		if err == nil || isFinal(err) {
			p.servers.setGood(server)
			return describe(server, err)
		}
		p.servers.setFailed(server)
		t.add(server, err)
		if ctx.Err() != nil {
			break
		}
	}
	return t.err()
}

// askServer opens a connection to a server and asks, in its part of the time when
// tries are left.
func (p *Pool) askServer(ctx context.Context, tries int, server Server, r request) error {
	ctx, cancel := onePart(ctx, tries, 0)
	defer cancel()
	c, err := p.openWithin(ctx, 1, server)
	if err != nil {
		return err
	}
	return p.askOn(ctx, 1, c, r)
}

// askOn asks on a connection, and keeps it if it is good for more. What the server
// answers is an answerError.
func (p *Pool) askOn(ctx context.Context, tries int, c *conn, r request) error {
	err := r(partOf(ctx, tries, p.opt.AnswerTime), c)
	switch {
	case err == nil:
		p.putIdle(c)
		return nil
	case isFinal(err):
		p.putIdle(c)
		code, _ := resultCode(err)
		return &answerError{err, code}
	}
	p.discard(c)
	return err
}
