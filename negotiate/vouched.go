package negotiate

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/helper/identity"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/pac"
)

// vouched is what a ticket says of its client. It is the same for all logins with
// one ticket.
type vouched struct {
	account identity.Account
	groups  identity.Membership
	err     error // why there are no groups
}

// vouch reads the ticket's PAC, if the KDC put one in: Microsoft's and Samba's do
// so with groups. trusted are realms whose word on domains counts as that of the
// service's own realm does.
func vouch(c *kerberos.Context, trusted []string) *vouched {
	return c.Once(func() any {
		v := &vouched{account: identity.Account{Name: c.Client, Realm: c.Realm}}
		if len(c.PAC) == 0 {
			return v
		}
		p, err := verifiedPAC(c)
		if err != nil {
			v.err = err
			return v
		}
		v.groups.SIDs, v.err = p.SIDs(), p.Malformed
		if p.Logon != nil {
			v.groups.Own = p.Logon.UserSID
		}
		v.name(c, p)
		if !strings.HasSuffix(c.Service, "@"+c.Realm) && !slices.Contains(trusted, c.Realm) {
			v.account.Domain, v.account.UPN = "", "" // or it could speak for users of ours
		}
		return v
	}).(*vouched)
}

// Client is whom a ticket is of.
type Client struct {
	Account identity.Account // its SAM is what the directory calls the account, if the PAC says it
	Groups  identity.Membership
	Problem error // why there are no groups, or not all
}

// ClientOf returns who a verified ticket says its client is. trusted are realms, other
// than the service's own, whose word on domains counts.
func ClientOf(c *kerberos.Context, trusted []string) Client {
	v := vouch(c, trusted)
	return Client{v.account, v.groups, v.err}
}

// verifiedPAC returns the PAC if the KDC made it for this ticket.
func verifiedPAC(c *kerberos.Context) (*pac.PAC, error) {
	p, err := pac.Parse(c.PAC)
	if err != nil {
		return nil, err
	}
	if err := p.VerifyServerSignature(c.Key); err != nil {
		return nil, err
	}
	if err := p.CheckClient(c.CName, c.AuthTime); err != nil {
		return nil, err
	}
	if p.UPN != nil && p.Logon != nil && !p.UPN.SID.IsZero() && !p.Logon.UserSID.IsZero() && p.UPN.SID != p.Logon.UserSID {
		return nil, errTwoUsers
	}
	return p, nil
}

var errTwoUsers = errors.New("pac: LOGON_INFO and UPN_DNS_INFO are of two users")

// name takes the names that the directory has for the client. A client can ask
// Active Directory for a ticket by another name than that of its account: without
// the dollar sign of a machine's, or by a user principal name, which may look like
// somebody else's account. So the account's name counts, in the client's spelling
// if only upper and lower case differ.
func (v *vouched) name(c *kerberos.Context, p *pac.PAC) {
	a := &v.account
	if p.UPN != nil {
		a.UPN, a.SAM = printable(p.UPN.UPN), printable(p.UPN.SamName)
	}
	if p.Logon != nil {
		a.SAM, a.Domain = printable(p.Logon.EffectiveName), printable(p.Logon.LogonDomainName)
	}
	if a.SAM != "" && !strings.EqualFold(a.SAM, c.CName) {
		a.Name = kerberos.Quote(a.SAM)
	}
}

// maxName bounds a name in bytes, so that it fits into every reply.
const maxName = 1024

// printable returns a name that can be told to Squid, or nothing.
func printable(name string) string {
	if len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return ""
	}
	return name
}
