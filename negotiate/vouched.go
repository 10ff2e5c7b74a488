package negotiate

import (
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
	groups  []identity.SID // the own SID first
	err     error          // why there are no groups
}

// vouch reads the ticket's PAC, if the KDC put one in: Microsoft's and Samba's do
// so with groups.
func vouch(c *kerberos.Context) *vouched {
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
		v.groups = p.SIDs()
		v.name(c, p)
		return v
	}).(*vouched)
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
	return p, nil
}

// name takes the names that the directory has for the client. Active Directory
// gives a machine account's ticket to who asks for it without its dollar sign, and
// a machine bob$ is not the user bob.
func (v *vouched) name(c *kerberos.Context, p *pac.PAC) {
	a := &v.account
	if p.UPN != nil {
		a.UPN, a.SAM = printable(p.UPN.UPN), printable(p.UPN.SamName)
	}
	if p.Logon != nil {
		a.SAM, a.Domain = printable(p.Logon.EffectiveName), printable(p.Logon.LogonDomainName)
	}
	if strings.EqualFold(a.SAM, c.CName+"$") {
		a.Name += "$"
	}
}

// printable returns a name that can be told to Squid, or nothing.
func printable(name string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return ""
	}
	return name
}
