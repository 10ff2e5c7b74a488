package machine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/ntlm/machine/gss"
)

// directory is a connection to a domain controller, protected and logged in. It is
// used by one goroutine at a time, within the context that it was opened with.
type directory struct {
	domain *Domain
	name   string // the host's
	host   string // the same with its port, if that was given
	wire   *gss.Conn
	ldap   *ldap.Conn
	stop   func() bool

	// What the controller says of itself ([MS-ADTS] section 3.1.1.3.2).
	dnsName     string
	base        string // the domain's DN
	partitions  string // DN of what knows the domain's other names
	currentTime time.Time
}

var errPanic = errors.New("it sends what cannot be read")

func (c *directory) close() {
	c.stop()
	if c.ldap != nil {
		c.ldap.Close()
	}
	c.wire.Close()
}

// do runs a request of the library, which may wait and panic as it likes: when ctx
// is done, the connection is closed.
func (c *directory) do(ctx context.Context, request func() error) (err error) {
	defer func() {
		if recover() != nil {
			c.wire.Close()
			err = errPanic
		}
	}()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return because(ctx, request())
}

// because returns why a request failed: that time is up says more than what follows
// from it.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// search returns at most max entries. References to other servers are not followed.
func (c *directory) search(ctx context.Context, base string, scope, max int, filter string, attributes ...string) (found []*ldap.Entry, err error) {
	q := &ldap.SearchRequest{BaseDN: base, Scope: scope, SizeLimit: max, Filter: filter, Attributes: attributes}
	err = c.do(ctx, func() error {
		result, err := c.ldap.Search(q)
		if result != nil {
			found = result.Entries
		}
		if ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
			return nil
		}
		return err
	})
	return found, err
}

const anything = "(objectClass=*)"

// readRoot reads the root DSE, which anybody may.
func (c *directory) readRoot(ctx context.Context) error {
	found, err := c.search(ctx, "", ldap.ScopeBaseObject, 1, anything,
		"defaultNamingContext", "configurationNamingContext", "dnsHostName", "currentTime")
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return errors.New("it says nothing of itself")
	}
	root := found[0]
	c.base, c.dnsName = root.GetAttributeValue("defaultNamingContext"), root.GetAttributeValue("dnsHostName")
	c.partitions = "CN=Partitions," + root.GetAttributeValue("configurationNamingContext")
	c.currentTime, _ = time.Parse("20060102150405.0Z", root.GetAttributeValue("currentTime"))
	if own := strings.ToLower(c.base); own != domainDN(c.domain.Account) {
		return fmt.Errorf("it is of the domain %q, not of %s", c.base, c.domain.Account.Realm)
	}
	return nil
}

// domainDN returns the DN of the account's domain, in small letters.
func domainDN(a Account) string {
	return "dc=" + strings.ReplaceAll(a.dnsDomain(), ".", ",dc=")
}

// now is the controller's clock or, where it has none, ours.
func (c *directory) now() time.Time {
	if c.currentTime.IsZero() {
		return c.domain.Now()
	}
	return c.currentTime
}

// at returns the controller's name.
func (c *directory) at() string { return c.name }

// netBIOS returns the domain's NetBIOS name, empty if it cannot be read.
func (c *directory) netBIOS(ctx context.Context) string {
	found, err := c.search(ctx, c.partitions, ldap.ScopeSingleLevel, 1,
		"(&(nETBIOSName=*)(nCName="+ldap.EscapeFilter(c.base)+"))", "nETBIOSName")
	if err != nil || len(found) != 1 {
		return ""
	}
	return found[0].GetAttributeValue("nETBIOSName")
}
