package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"squidauth/basic"
	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/identity"
	"squidauth/protocol"
)

// Domain is a domain of Active Directory, whose users are logged in by their names
// ([MS-ADTS] section 5.1.1.1.1). Nothing has to be looked for.
type Domain struct {
	Name string // DNS name
}

// notInNames are what no account's name has, and no UPN needs: a DN, a GUID or
// another of the forms that a domain controller takes for a name shall not become a
// user of Squid's.
const notInNames = `"/[]:;|=,*?<>`

func (d *Domain) bindName(_ context.Context, _ *ldapconn.Pool, user string) (string, *basic.Verdict) {
	illegal := verdict(basic.No(basic.IllegalName, textName))
	if strings.ContainsAny(user, notInNames) {
		return "", illegal
	}
	if domain, name, found := strings.Cut(user, `\`); found {
		if domain == "" || name == "" || strings.ContainsAny(name, `\@`) {
			return "", illegal
		}
		return user, nil
	}
	if at := strings.LastIndexByte(user, '@'); at >= 0 {
		if at == 0 || at == len(user)-1 {
			return "", illegal
		}
		return user, nil
	}
	return user + "@" + d.Name, nil
}

// withoutDomain returns what stays of a name in whatever form names the domain.
func withoutDomain(user string) string {
	if _, name, found := strings.Cut(user, `\`); found {
		return name
	}
	if at := strings.LastIndexByte(user, '@'); at >= 0 {
		return user[:at]
	}
	return user
}

// Token is the groups of the user's access token, nested ones among it, as the domain
// controller tells who is logged in ([MS-ADTS] section 3.1.1.3.2, tokenGroups of the
// rootDSE).
type Token struct {
	Groups identity.Groups
}

const attrToken = "tokenGroups"

var errNoToken = errors.New("the password is right, but the server does not say which groups the user is in: is it Active Directory's?")

func (t *Token) admit(ctx context.Context, u entrant) basic.Verdict {
	found, err := u.session.Search(ctx, &ldap.SearchRequest{
		Scope: ldap.ScopeBaseObject, TimeLimit: secondsLeft(ctx),
		Filter: "(objectClass=*)", Attributes: []string{attrToken},
	})
	if err != nil {
		return undecided(fmt.Errorf("the password is right, but the groups are not known: %w", err))
	}
	m := membership(found)
	if len(m.SIDs) == 0 {
		return basic.Undecided(Misconfigured, errNoToken)
	}
	a, ok, err := t.Groups.Admit(withSession(ctx, u.session), m)
	switch {
	case err != nil:
		return basic.Undecided(basic.Unavailable, fmt.Errorf("the password is right, but not whether the user is in a required group: %w", err))
	case !ok:
		return basic.No(basic.NotInGroup, "Not a member of a required group")
	}
	return basic.Yes(protocol.Identity{User: u.user}, a.Pairs...)
}

// membership reads a token: the user's SID is the first. Those that are the same
// everywhere, such as Everyone's, are left out.
func membership(found []*ldap.Entry) (m identity.Membership) {
	for _, e := range found {
		for i, value := range e.GetEqualFoldRawAttributeValues(attrToken) {
			sid := identity.CutSID(string(value))
			if len(sid.Binary()) != len(value) || sid.IsZero() {
				continue
			}
			if i == 0 {
				m.Own = sid
			}
			if isOfDomain(sid) {
				m.SIDs = append(m.SIDs, sid)
			}
		}
	}
	return m
}

// isOfDomain reports whether a SID is of a domain's account, or of a built-in group
// ([MS-DTYP] section 2.4.2.4).
func isOfDomain(sid identity.SID) bool {
	s := sid.String()
	return strings.HasPrefix(s, "S-1-5-21-") || strings.HasPrefix(s, "S-1-5-32-")
}

// AsUser searches as the user who is logged in, for want of a service account.
type AsUser struct{}

type sessionKey struct{}

var errNoSession = errors.New("nobody is logged in as whom to search")

func withSession(ctx context.Context, s *ldapconn.Session) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// Search searches on the connection of the login that ctx is for.
func (AsUser) Search(ctx context.Context, q *ldap.SearchRequest) ([]*ldap.Entry, error) {
	s, ok := ctx.Value(sessionKey{}).(*ldapconn.Session)
	if !ok {
		return nil, errNoSession
	}
	return s.Search(ctx, q)
}
