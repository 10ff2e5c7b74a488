package directory

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn"
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

// maxGroups bounds the groups that one search is for.
const maxGroups = 50

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
	base, err := d.base(ctx, "")
	if err != nil {
		return nil, err
	}
	values := make([]string, len(sids))
	for i, sid := range sids {
		values[i] = string(sid.Binary())
	}
	found, err := d.searchGroups(ctx, base, attrSID, values)
	if err != nil {
		return nil, err
	}
	names := make(map[identity.SID]string, len(found))
	for _, g := range found {
		names[g.sid] = g.name
	}
	return names, nil
}

// searchNames finds groups of a domain, all of whose names have it; empty: names
// without a domain.
func (d *Directory) searchNames(ctx context.Context, domain string, names []string) (map[string]answer, error) {
	base, err := d.base(ctx, domain)
	if err != nil {
		return nil, err
	}
	answers := make(map[string]answer, len(names))
	if base == "" {
		for _, name := range names {
			answers[name] = answer{problem: "the directory has no such domain"}
		}
		return answers, nil
	}
	bare := make([]string, len(names))
	for i, name := range names {
		_, bare[i] = splitName(name)
	}
	found, err := d.searchGroups(ctx, base, attrName, bare)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		answers[name] = choose(found, bare[i])
	}
	return answers, nil
}

// splitName takes Group or DOMAIN\Group apart.
func splitName(name string) (domain, group string) {
	if domain, group, qualified := strings.Cut(name, `\`); qualified {
		return domain, group
	}
	return "", name
}

func byDomain(names []string) map[string][]string {
	domains := make(map[string][]string)
	for _, name := range names {
		domain, _ := splitName(name)
		domains[domain] = append(domains[domain], name)
	}
	return domains
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

// base returns the DN under which groups of a domain are looked for, and those without
// a domain. It is empty if there is no such domain.
func (d *Directory) base(ctx context.Context, domain string) (string, error) {
	if domain != "" {
		return d.searchDomain(ctx, domain)
	}
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

// searchGroups returns the groups whose attribute has one of the values.
func (d *Directory) searchGroups(ctx context.Context, base, attribute string, values []string) ([]group, error) {
	entries, err := d.search(ctx, base, ldap.ScopeWholeSubtree, groupFilter(attribute, values), attrSID, attrName)
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
	entries, err := d.opt.Servers.Search(ctx, &ldap.SearchRequest{
		BaseDN: base, Scope: scope, Filter: filter, Attributes: attributes,
		TimeLimit: int(identity.DirectoryWait.Seconds()),
	})
	if err == nil || ldapconn.IsAnswer(err) {
		d.answered = time.Now()
	}
	return entries, err
}

// groupFilter finds groups only: a user may have such a SID or name too.
func groupFilter(attribute string, values []string) string {
	var b strings.Builder
	b.WriteString("(&(objectClass=group)(|")
	for _, v := range values {
		fmt.Fprintf(&b, "(%s=%s)", attribute, ldap.EscapeFilter(v))
	}
	b.WriteString("))")
	return b.String()
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

// The SIDs that Active Directory has groups for are of the NT authority, and begin with
// one of two subauthorities ([MS-DTYP] section 2.4.2.4); the others are the same
// everywhere and no groups.
const (
	ntAuthority = "\x00\x00\x00\x00\x00\x05"
	inDomains   = 21
	builtin     = 32
)

func mayHaveName(sid identity.SID) bool {
	if sid.Subauthorities() < 2 {
		return false
	}
	packet := sid.Binary() // [MS-DTYP] section 2.4.2.2
	first := binary.LittleEndian.Uint32(packet[8:])
	return string(packet[2:8]) == ntAuthority && (first == inDomains || first == builtin)
}

// ownSID returns the SID in memory of its own: it may be a part of a whole PAC.
func ownSID(sid identity.SID) identity.SID { return identity.CutSID(string(sid.Binary())) }
