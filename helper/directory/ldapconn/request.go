package ldapconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/internal/message"
	"squidauth/protocol"
)

// searchResult is what a server finds, and where it refers to.
type searchResult struct {
	found     []*ldap.Entry
	referrals []string
}

// search returns what the server finds. If there is more than was asked for, that is
// no error.
func (c *conn) search(ctx context.Context, q *ldap.SearchRequest) (r searchResult, err error) {
	var done message.Result
	err = c.wire.request(ctx, func(b []byte, id int32) ([]byte, error) {
		return message.AppendSearch(b, id, q)
	}, func(m message.Message) (last bool, err error) {
		switch m.Op {
		case message.SearchEntry:
			var e *ldap.Entry
			e, err = m.Entry()
			r.found = append(r.found, e)
		case message.SearchReference:
			var uris []string
			if uris, err = m.Reference(); err == nil {
				r.referrals = append(r.referrals, uris[0]) // the others hold the same
			}
		case message.SearchDone:
			done, err = m.Result()
			last = true
		case message.IntermediateResponse: // RFC 4511 section 4.13: to be ignored
		default:
			err = errUnasked
		}
		return last, readable(err)
	})
	if err == nil {
		err = answered(done)
	}
	switch {
	case q.SizeLimit > 0 && len(r.found) >= q.SizeLimit && ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return r, nil // as was asked for
	case ldap.IsErrorWithCode(err, ldap.LDAPResultReferral):
		return searchResult{referrals: done.Referrals}, err
	case err != nil:
		return searchResult{}, err
	}
	return r, nil
}

// once is a request with one message for an answer.
func (c *conn) once(ctx context.Context, want message.Op, encode func(b []byte, id int32) []byte) (r message.Result, controls []message.Control, err error) {
	err = c.wire.request(ctx, func(b []byte, id int32) ([]byte, error) {
		return encode(b, id), nil
	}, func(m message.Message) (bool, error) {
		if m.Op != want {
			return false, errUnasked
		}
		var err error
		if r, err = m.Result(); err == nil {
			controls, err = m.Controls()
		}
		return true, readable(err)
	})
	return r, controls, err
}

// bind logs in by name and password, and asks for controls. What the server answers is
// no error.
func (c *conn) bind(ctx context.Context, name string, password protocol.Secret, controls ...string) (Answer, error) {
	r, said, err := c.once(ctx, message.BindResponse, func(b []byte, id int32) []byte {
		return message.AppendBind(b, id, name, string(password), controls...)
	})
	if err != nil {
		return Answer{}, err
	}
	policy, err := policyOf(said)
	if err != nil {
		return Answer{}, c.wire.fail(errUnreadable)
	}
	return Answer{Code: r.Code, Text: clean(r.Text), Policy: policy, Server: c.server}, nil
}

// compare reports whether an attribute has the value.
func (c *conn) compare(ctx context.Context, dn, attribute string, value protocol.Secret) (bool, error) {
	r, _, err := c.once(ctx, message.CompareResponse, func(b []byte, id int32) []byte {
		return message.AppendCompare(b, id, dn, attribute, string(value))
	})
	switch {
	case err != nil:
		return false, err
	case r.Code == ldap.LDAPResultCompareTrue:
		return true, nil
	case r.Code == ldap.LDAPResultCompareFalse:
		return false, nil
	case r.Code == ldap.LDAPResultSuccess: // says neither
		return false, c.wire.fail(errUnasked)
	}
	return false, answered(r)
}

// startTLS protects the connection (RFC 4511 section 4.14).
func (c *conn) startTLS(ctx context.Context, config *tls.Config) error {
	r, _, err := c.once(ctx, message.ExtendedResponse, func(b []byte, id int32) []byte {
		return message.AppendExtended(b, id, message.StartTLS)
	})
	if err == nil {
		err = answered(r)
	}
	if err == nil {
		err = c.wire.secure(ctx, config)
	}
	if err != nil && !errors.Is(err, errNoAnswer) {
		err = &startTLSError{err}
	}
	return err
}

// exchange is a SASL login under way.
type exchange struct {
	ctx  context.Context
	conn *conn
}

// Step implements Exchange.
func (x exchange) Step(mechanism string, credentials []byte) (challenge []byte, done bool, err error) {
	r, _, err := x.conn.once(x.ctx, message.BindResponse, func(b []byte, id int32) []byte {
		return message.AppendSASL(b, id, mechanism, credentials)
	})
	switch {
	case err != nil:
		return nil, false, err
	case r.Code == ldap.LDAPResultSaslBindInProgress:
		return r.Credentials, false, nil
	}
	return r.Credentials, true, answered(r)
}

// TLS implements Exchange.
func (x exchange) TLS() *tls.ConnectionState { return x.conn.wire.tls() }

// answered returns what a server answers as an error, nil for success.
func answered(r message.Result) error {
	if r.Code == ldap.LDAPResultSuccess {
		return nil
	}
	return &ldap.Error{ResultCode: r.Code, MatchedDN: r.MatchedDN, Err: errors.New(r.Text)}
}

// readable returns why a message is not what was asked for.
func readable(err error) error {
	if err == nil || err == errUnasked {
		return err
	}
	return errUnreadable
}

// disconnected is why the server says that it ends the connection.
func disconnected(r message.Result) error {
	return fmt.Errorf("%w (%s: %s)", errClosed, ldap.LDAPResultCodeMap[r.Code], r.Text)
}
