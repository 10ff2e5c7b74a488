package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/identity"
)

// The attributes that are read.
const (
	attrSID     = "objectSid"
	attrName    = "sAMAccountName"
	attrNetBIOS = "nETBIOSName"
	attrContext = "nCName"
	attrDefault = "defaultNamingContext"
	attrConfig  = "configurationNamingContext"
)

// maxSIDs bounds the SIDs in one search.
const maxSIDs = 50

// maxName bounds in bytes the name of a group: Active Directory takes 256
// characters.
const maxName = 1 << 10

var (
	errNoBase   = errors.New("the server does not say which domain is its own: give --ldap-base")
	errNoDomain = errors.New("the server does not say where it keeps the names of domains: name groups without them")
)

// rootDSE is what a server says of itself (RFC 4512 section 5.1; [MS-ADTS] section
// 3.1.1.3.2).
type rootDSE struct {
	domain string // DN of the domain
	config string // DN of the forest's configuration
}

// group is an entry of the directory.
type group struct {
	sid  identity.SID
	name string
}

// answer is what came of looking for a name: a SID or a problem, in words.
type answer struct {
	sid     identity.SID
	problem string
}

// searchSIDs returns names of groups. Those that have none are not in it.
func (d *Directory) searchSIDs(ctx context.Context, sids []identity.SID) (map[identity.SID]string, error) {
	base, err := d.base(ctx)
	if err != nil {
		return nil, err
	}
	found, err := d.searchGroups(ctx, base, sidFilter(sids))
	if err != nil {
		return nil, err
	}
	names := make(map[identity.SID]string, len(found))
	for _, g := range found {
		names[g.sid] = g.name
	}
	return names, nil
}

// searchName finds a group, Group or DOMAIN\Group.
func (d *Directory) searchName(ctx context.Context, name string) (answer, error) {
	domain, bare, qualified := strings.Cut(name, `\`)
	var base string
	var err error
	if qualified {
		base, err = d.searchDomain(ctx, domain)
	} else {
		bare = name
		base, err = d.base(ctx)
	}
	switch {
	case err != nil:
		return answer{}, err
	case base == "":
		return answer{problem: "the directory has no such domain"}, nil
	}
	found, err := d.searchGroups(ctx, base, nameFilter(bare))
	if err != nil {
		return answer{}, err
	}
	return choose(found, bare), nil
}

// choose returns the one group with that name. Servers take names for the same that
// differ in accents, which two groups may do.
func choose(found []group, name string) answer {
	var a answer
	for _, g := range found {
		if !strings.EqualFold(g.name, name) || g.sid == a.sid {
			continue
		}
		if !a.sid.IsZero() {
			return answer{problem: `several groups have that name: write DOMAIN\Group`}
		}
		a.sid = g.sid
	}
	if a.sid.IsZero() {
		a.problem = "the directory has no such group"
	}
	return a
}

// searchDomain returns the DN of the domain with that NetBIOS name, nothing if there
// is none.
func (d *Directory) searchDomain(ctx context.Context, netBIOS string) (string, error) {
	if err := d.learnRoot(ctx); err != nil {
		return "", err
	}
	if d.root.config == "" {
		return "", errNoDomain
	}
	entries, err := d.search(ctx, "CN=Partitions,"+d.root.config, ldap.ScopeSingleLevel,
		fmt.Sprintf("(&(objectClass=crossRef)(%s=%s))", attrNetBIOS, ldap.EscapeFilter(netBIOS)), attrNetBIOS, attrContext)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if strings.EqualFold(text(e, attrNetBIOS), netBIOS) {
			return text(e, attrContext), nil
		}
	}
	return "", nil
}

// base returns the DN under which groups are looked for.
func (d *Directory) base(ctx context.Context) (string, error) {
	if d.opt.Base != "" {
		return d.opt.Base, nil
	}
	if err := d.learnRoot(ctx); err != nil {
		return "", err
	}
	if d.root.domain == "" {
		return "", errNoBase
	}
	return d.root.domain, nil
}

// learnRoot reads the rootDSE, once.
func (d *Directory) learnRoot(ctx context.Context) error {
	if d.root != (rootDSE{}) {
		return nil
	}
	entries, err := d.search(ctx, "", ldap.ScopeBaseObject, "(objectClass=*)", attrDefault, attrConfig)
	if err != nil {
		return err
	}
	for _, e := range entries {
		d.root = rootDSE{domain: text(e, attrDefault), config: text(e, attrConfig)}
	}
	return nil
}

func (d *Directory) searchGroups(ctx context.Context, base, filter string) ([]group, error) {
	entries, err := d.search(ctx, base, ldap.ScopeWholeSubtree, filter, attrSID, attrName)
	if err != nil {
		return nil, err
	}
	var groups []group
	for _, e := range entries {
		if g := groupOf(e); !g.sid.IsZero() && g.name != "" {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

func (d *Directory) search(ctx context.Context, base string, scope int, filter string, attributes ...string) ([]*ldap.Entry, error) {
	return d.opt.Servers.Search(ctx, &ldap.SearchRequest{
		BaseDN: base, Scope: scope, Filter: filter, Attributes: attributes,
		TimeLimit: int(patience.Seconds()),
	})
}

// sidFilter finds the groups with any of these SIDs. A user with such a SID is none.
func sidFilter(sids []identity.SID) string {
	var b strings.Builder
	b.WriteString("(&(objectClass=group)(|")
	for _, sid := range sids {
		fmt.Fprintf(&b, "(%s=%s)", attrSID, ldap.EscapeFilter(string(sid.Binary())))
	}
	b.WriteString("))")
	return b.String()
}

func nameFilter(name string) string {
	return fmt.Sprintf("(&(objectClass=group)(%s=%s))", attrName, ldap.EscapeFilter(name))
}

// groupOf reads an entry. What cannot be right is left out.
func groupOf(e *ldap.Entry) (g group) {
	if values := e.GetEqualFoldRawAttributeValues(attrSID); len(values) == 1 {
		g.sid = parseSID(values[0])
	}
	if name := text(e, attrName); isName(name) {
		g.name = name
	}
	return g
}

// parseSID returns the SID that the value is, the zero SID if it is none.
func parseSID(value []byte) identity.SID {
	sid := identity.CutSID(string(value))
	if len(sid.Binary()) != len(value) {
		return identity.SID{}
	}
	return sid
}

// isName reports whether a group can be called that. Squid could not tell a name
// that reads like a SID from one.
func isName(s string) bool {
	_, err := identity.ParseSID(s)
	return s != "" && len(s) <= maxName && err != nil &&
		utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// text returns the value of an attribute that has one.
func text(e *ldap.Entry, attribute string) string {
	if values := e.GetEqualFoldAttributeValues(attribute); len(values) == 1 {
		return values[0]
	}
	return ""
}

// The SIDs that Active Directory has groups for begin with the NT authority and one
// of two subauthorities ([MS-DTYP] section 2.4.2.4); the others are the same
// everywhere and no groups.
const (
	ntAuthority = "S-1-5-"
	inDomains   = ntAuthority + "21-"
	builtin     = ntAuthority + "32-"
)

func mayHaveName(sid identity.SID) bool {
	s := sid.String()
	return strings.HasPrefix(s, inDomains) || strings.HasPrefix(s, builtin)
}

// ownSID returns the SID in memory of its own: it may be a part of a whole PAC.
func ownSID(sid identity.SID) identity.SID { return identity.CutSID(string(sid.Binary())) }
