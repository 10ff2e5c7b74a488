package machine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Bits of userAccountControl ([MS-ADTS] section 2.2.16).
const (
	accountDisable     = 0x2
	passwordNotNeeded  = 0x20
	workstationAccount = 0x1000
)

// computer is an account as the directory has it.
type computer struct {
	dn      string
	name    string // sAMAccountName
	isUser  bool   // and no computer
	control int64  // userAccountControl
	host    string // dNSHostName
	spns    []string
	kvno    uint32    // of its password; 0: not told
	changed time.Time // the password; zero: never, or not told
}

// find returns the account, nil if there is none.
func (c *directory) find(ctx context.Context) (*computer, error) {
	found, err := c.search(ctx, c.base, ldap.ScopeWholeSubtree, 2, "(sAMAccountName="+ldap.EscapeFilter(c.domain.Account.Name)+")",
		"objectClass", "sAMAccountName", "userAccountControl", "dNSHostName", "servicePrincipalName", "msDS-KeyVersionNumber", "pwdLastSet")
	switch {
	case err != nil:
		return nil, c.explain("look for the account "+c.domain.Account.Name, err)
	case len(found) == 0:
		return nil, nil
	}
	e := found[0]
	m := &computer{
		dn: e.DN, name: e.GetAttributeValue("sAMAccountName"), host: e.GetAttributeValue("dNSHostName"),
		spns: e.GetAttributeValues("servicePrincipalName"), isUser: true,
	}
	for _, class := range e.GetAttributeValues("objectClass") {
		m.isUser = m.isUser && !strings.EqualFold(class, "computer")
	}
	m.control, _ = strconv.ParseInt(e.GetAttributeValue("userAccountControl"), 10, 64)
	kvno, _ := strconv.ParseUint(e.GetAttributeValue("msDS-KeyVersionNumber"), 10, 32)
	m.kvno = uint32(kvno)
	m.changed = fromFileTime(e.GetAttributeValue("pwdLastSet"))
	return m, nil
}

// fromFileTime reads a time in units of 100 ns since the year 1601 ([MS-DTYP] section
// 2.3.3). 0 is never.
func fromFileTime(text string) time.Time {
	const epoch = 11644473600 // in seconds before that of Unix
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v <= 0 {
		return time.Time{}
	}
	return time.Unix(v/1e7-epoch, v%1e7*100)
}

// holders says which other accounts have one of the service principal names.
func (c *directory) holders(ctx context.Context, spns []string) error {
	filter := "(|"
	for _, spn := range spns {
		filter += "(servicePrincipalName=" + ldap.EscapeFilter(spn) + ")"
	}
	found, err := c.search(ctx, c.base, ldap.ScopeWholeSubtree, 8, filter+")", "sAMAccountName", "servicePrincipalName")
	if err != nil {
		return c.explain("look for the service principal names", err)
	}
	var taken []string
	for _, e := range found {
		if strings.EqualFold(e.GetAttributeValue("sAMAccountName"), c.domain.Account.Name) {
			continue
		}
		for _, held := range e.GetAttributeValues("servicePrincipalName") {
			for _, spn := range spns {
				if strings.EqualFold(held, spn) {
					taken = append(taken, fmt.Sprintf("%s is one of %s (%s)", spn, e.GetAttributeValue("sAMAccountName"), e.DN))
				}
			}
		}
	}
	if len(taken) > 0 {
		return fmt.Errorf("a service principal name may be that of one account only, and %s: take it from that account, or choose another", strings.Join(taken, "; "))
	}
	return nil
}

// create makes the account, with all that it needs and its password, in one request.
func (c *directory) create(ctx context.Context, ou, host string, spns []string, password string) error {
	a := c.domain.Account
	if ou == "" {
		ou = c.computers(ctx)
	}
	r := ldap.NewAddRequest("CN="+ldap.EscapeDN(a.computer())+","+ou, nil)
	r.Attribute("objectClass", []string{"computer"})
	r.Attribute("sAMAccountName", []string{a.Name})
	r.Attribute("userAccountControl", []string{strconv.Itoa(workstationAccount)})
	r.Attribute("dNSHostName", []string{host})
	r.Attribute("servicePrincipalName", spns)
	r.Attribute("msDS-SupportedEncryptionTypes", []string{strconv.Itoa(supportedEnctypes)})
	r.Attribute("unicodePwd", []string{unicodePwd(password)})
	if err := c.do(ctx, func() error { return c.ldap.Add(r) }); err != nil {
		return c.explain(fmt.Sprintf("create the account %s in %s", a.Name, ou), err)
	}
	return nil
}

// wellKnownComputers names the container in which new computers are ([MS-ADTS]
// section 6.1.1.4).
const wellKnownComputers = "B:32:AA312825768811D1ADED00C04FD8D5CD:"

// computers returns the DN of that container.
func (c *directory) computers(ctx context.Context) string {
	found, err := c.search(ctx, c.base, ldap.ScopeBaseObject, 1, anything, "wellKnownObjects")
	if err == nil && len(found) == 1 {
		for _, v := range found[0].GetAttributeValues("wellKnownObjects") {
			if dn, ok := strings.CutPrefix(v, wellKnownComputers); ok {
				return dn
			}
		}
	}
	return "CN=Computers," + c.base
}

// update gives an account what it needs but the password, in one request. Service
// principal names that it has besides stay.
func (c *directory) update(ctx context.Context, m *computer, host string, spns []string) error {
	r := ldap.NewModifyRequest(m.dn, nil)
	if !strings.EqualFold(m.host, host) {
		r.Replace("dNSHostName", []string{host})
	}
	if missing := without(spns, m.spns); len(missing) > 0 {
		r.Add("servicePrincipalName", missing)
	}
	if m.control&passwordNotNeeded != 0 {
		r.Replace("userAccountControl", []string{strconv.FormatInt(m.control&^passwordNotNeeded, 10)})
	}
	r.Replace("msDS-SupportedEncryptionTypes", []string{strconv.Itoa(supportedEnctypes)})
	if err := c.do(ctx, func() error { return c.ldap.Modify(r) }); err != nil {
		return c.explain("change the account "+m.name, err)
	}
	return nil
}

// without returns what is not among the others, in whatever case.
func without(names, others []string) (left []string) {
	for _, n := range names {
		if !containsFold(others, n) {
			left = append(left, n)
		}
	}
	return left
}

func containsFold(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// reset gives an account a password, whatever it has. That is an administrator's
// right.
func (c *directory) reset(ctx context.Context, m *computer, password string) error {
	r := ldap.NewModifyRequest(m.dn, nil)
	r.Replace("unicodePwd", []string{unicodePwd(password)})
	return c.setPassword(ctx, m, r)
}

// change gives an account another password, which is a right of its own.
func (c *directory) change(ctx context.Context, m *computer, old, password string) error {
	r := ldap.NewModifyRequest(m.dn, nil)
	r.Delete("unicodePwd", []string{unicodePwd(old)})
	r.Add("unicodePwd", []string{unicodePwd(password)})
	return c.setPassword(ctx, m, r)
}

func (c *directory) setPassword(ctx context.Context, m *computer, r *ldap.ModifyRequest) error {
	if err := c.do(ctx, func() error { return c.ldap.Modify(r) }); err != nil {
		return c.explain("change the password of "+m.name, err)
	}
	return nil
}
