// Package chain asks several backends, one after the other, until one knows.
package chain

import (
	"context"
	"errors"
	"fmt"

	"squidauth/basic"
	"squidauth/helper/doctor"
	"squidauth/protocol"
)

// Rule says what follows from a link's answer that is not yes.
type Rule byte

const (
	Stop Rule = iota + 1 // the answer is the chain's
	Next                 // the next link is asked
)

// Link is one backend of a chain.
type Link struct {
	Backend basic.Backend
	Name    string // in the audit log

	Refused     Rule // by what the backend knows of the user, such as a wrong password
	Unknown     Rule // there is no such user
	Unavailable Rule // the backend could not tell
}

// NewLink returns a link with the rules that suit most: only who does not know a user
// passes on.
func NewLink() Link { return Link{Refused: Stop, Unknown: Next, Unavailable: Stop} }

// Set changes a rule by words: on-refused, on-unknown or on-unavailable, and stop or
// next.
func (l *Link) Set(answer, rule string) error {
	r, ok := map[string]Rule{"stop": Stop, "next": Next}[rule]
	if !ok {
		return fmt.Errorf("%s=%q is neither stop nor next", answer, rule)
	}
	switch answer {
	case "on-refused":
		l.Refused = r
	case "on-unknown":
		l.Unknown = r
	case "on-unavailable":
		l.Unavailable = r
	default:
		return fmt.Errorf("%q is none of on-refused, on-unknown, on-unavailable", answer)
	}
	return nil
}

// Chain is a Backend that asks its links. It may be used from several goroutines.
type Chain struct {
	links []Link
}

var _ basic.Backend = (*Chain)(nil)

// New returns the chain of the links, of which there is at least one.
func New(links []Link) *Chain { return &Chain{links} }

// Authenticate implements basic.Backend. A yes of any link that is asked is the
// chain's. If nobody says yes, a link that could not tell leaves the chain undecided,
// whoever was asked after it; otherwise a refusal counts more than not to know the
// user. Each link has what time the ones before have left.
func (c *Chain) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	var undecided, refused *basic.Verdict
	var v basic.Verdict
	for i := range c.links {
		l := &c.links[i]
		v = l.ask(ctx, user, password)
		rule := l.Unavailable
		switch {
		case v.Outcome() == protocol.Accepted:
			return v
		case v.Outcome() != protocol.Denied:
			undecided = first(undecided, v)
		case v.IsUnknown():
			rule = l.Unknown
		default:
			refused = first(refused, v)
			rule = l.Refused
		}
		if rule != Next {
			break
		}
	}
	switch {
	case undecided != nil:
		return *undecided
	case refused != nil:
		return *refused
	}
	return v
}

func first(a *basic.Verdict, b basic.Verdict) *basic.Verdict {
	if a != nil {
		return a
	}
	return &b
}

// ask returns the link's verdict, with the link's name.
func (l *Link) ask(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	v := l.Backend.Authenticate(ctx, user, password)
	if v.Who() == "" {
		v = v.By(l.Name)
	}
	return v
}

// Reload reloads all links. The error is that of all that could not.
func (c *Chain) Reload(ctx context.Context) error {
	return c.each(func(b basic.Backend) error { return basic.Reload(ctx, b) })
}

// Examine has all links examined.
func (c *Chain) Examine(ctx context.Context, r *doctor.Report) {
	for _, l := range c.links {
		basic.Examine(ctx, r, l.Backend)
	}
}

// Close closes all links.
func (c *Chain) Close() error { return c.each(basic.Close) }

func (c *Chain) each(do func(basic.Backend) error) error {
	var errs []error
	for _, l := range c.links {
		if err := do(l.Backend); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", l.Name, err))
		}
	}
	return errors.Join(errs...)
}
