package ldapconn

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

const (
	// maxHops bounds how far referrals lead, as in OpenLDAP's library, and maxReferrals
	// how many of one answer are followed.
	maxHops      = 5
	maxReferrals = 8
)

// SearchFollowing is Search, and looks where the servers refer to (RFC 4511 section
// 4.1.10) if they find nothing themselves. Other servers are asked in the name of the
// bind DN if the connection to them is protected and they are in the DNS domain of a
// server that is known, else in that of nobody: whoever may write an entry may have it
// refer to a server of his own, which has a good certificate and wants a password.
func (p *Pool) SearchFollowing(ctx context.Context, q *ldap.SearchRequest) ([]*ldap.Entry, error) {
	return p.follow(ctx, q, maxHops)
}

func (p *Pool) follow(ctx context.Context, q *ldap.SearchRequest, hops int) ([]*ldap.Entry, error) {
	var r searchResult
	err := p.ask(ctx, func(ctx context.Context, c *conn) (err error) {
		r, err = c.search(ctx, q)
		return err
	})
	referred := AnswerCode(err) == ldap.LDAPResultReferral
	if len(r.found) > 0 || len(r.referrals) == 0 || hops == 0 || err != nil && !referred {
		return r.found, err
	}
	var found []*ldap.Entry
	var problem error
	for _, uri := range r.referrals[:min(len(r.referrals), maxReferrals)] {
		next, q, ok := p.referred(uri, q)
		if !ok {
			continue
		}
		more, err2 := next.follow(ctx, q, hops-1)
		switch {
		case err2 != nil && !IsAnswer(err2):
			problem = err2
		case err2 == nil && referred: // the others hold the same
			return more, nil
		}
		found = append(found, more...)
	}
	switch {
	case len(found) > 0:
		return found, nil
	case problem != nil:
		return nil, problem
	}
	return nil, err
}

// noUsers are parts of Active Directory that its answers refer to and that hold no
// users; the names of the servers that hold them often do not even resolve.
var noUsers = []string{"cn=configuration,", "dc=forestdnszones,", "dc=domaindnszones,"}

// referred returns connections to where a URI leads, and what to search there.
func (p *Pool) referred(uri string, q *ldap.SearchRequest) (*Pool, *ldap.SearchRequest, bool) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, nil, false
	}
	server, err := parseHost(strings.ToLower(u.Scheme), u.Host)
	if err != nil || server.scheme != schemePlain && server.scheme != schemeTLS {
		return nil, nil, false
	}
	there := *q
	if dn := strings.TrimPrefix(u.Path, "/"); dn != "" {
		there.BaseDN = dn
	}
	for _, part := range noUsers {
		if strings.HasPrefix(strings.ToLower(there.BaseDN), part) {
			return nil, nil, false
		}
	}
	if words := strings.Split(u.RawQuery, "?"); len(words) > 1 {
		if scope := slices.Index([]string{"base", "one", "sub"}, strings.ToLower(words[1])); scope >= 0 {
			there.Scope = scope // ldap.Scope… in their order
		}
	}
	return p.elsewhere(server), &there, true
}

// elsewhere returns the Pool of connections to a server that was referred to. They are
// as well protected as those of p.
func (p *Pool) elsewhere(s Server) *Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if next := p.others[s]; next != nil {
		return next
	}
	opt := p.opt
	opt.Servers, opt.Find = []Server{s}, nil
	opt.StartTLS = opt.StartTLS || p.servers.isProtected()
	switch {
	case s.StartsPlain() && !opt.StartTLS:
		opt.BindDN, opt.Secret, opt.Login = "", nil, nil
	case !p.servers.hasNear(s.host):
		opt.BindDN, opt.Secret = "", nil // a ticket is of no use to a stranger
	}
	next := New(opt)
	if p.others == nil || len(p.others) >= maxReferrals {
		p.others = make(map[Server]*Pool) // those in it end when their connections were idle for long
	}
	p.others[s] = next
	return next
}
