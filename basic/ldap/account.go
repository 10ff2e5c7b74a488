package ldap

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"squidauth/basic"
	"squidauth/helper/directory/ldapconn"
)

// Find looks for the user's entry.
type Find struct {
	Base        string
	Filter      *Filter // with places s for the user's name
	Scope       int     // of ldap.Scope…
	Dereference int     // of ldap.…Deref…
	Referrals   bool    // look also where the servers refer to
}

// noAttributes asks for none (RFC 4511 section 4.5.1.8).
const noAttributes = "1.1"

func (f *Find) bindName(ctx context.Context, servers *ldapconn.Pool, user string) (string, *basic.Verdict) {
	search := servers.Search
	if f.Referrals {
		search = servers.SearchFollowing
	}
	found, err := search(ctx, &ldap.SearchRequest{
		BaseDN: f.Base, Scope: f.Scope, DerefAliases: f.Dereference,
		SizeLimit: 2, TimeLimit: secondsLeft(ctx), // a second entry would be one too many
		Filter: f.Filter.Fill(func(byte) string { return user }), Attributes: []string{noAttributes},
	})
	switch {
	case err != nil:
		return "", verdict(undecided(err))
	case len(found) == 0:
		return "", verdict(basic.No(basic.NoSuchUser, textRefused))
	case len(found) > 1:
		return "", verdict(basic.Undecided(basic.AmbiguousUser, fmt.Errorf("the filter finds several entries for one user, %.200q and %.200q: it must find one", found[0].DN, found[1].DN)))
	case found[0].DN == "":
		return "", verdict(basic.Undecided(Misconfigured, errNoDN))
	}
	return found[0].DN, nil
}

var errNoDN = errors.New("the entry that the filter finds has no name: does --base name a part of the directory?")

// Make makes the DN of the user's name.
type Make struct {
	Base      string
	Attribute string
}

func (m *Make) bindName(_ context.Context, _ *ldapconn.Pool, user string) (string, *basic.Verdict) {
	return m.Attribute + "=" + ldap.EscapeDN(user) + "," + m.Base, nil
}

func verdict(v basic.Verdict) *basic.Verdict { return &v }
