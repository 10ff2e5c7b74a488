//go:build unix

package e2e

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"github.com/go-ldap/ldap/v3"
)

// ldif writes all entries, those above before those below.
func (s *Slapd) ldif() []byte {
	var out ldif
	out.add(SlapdBase, "objectClass", "organization", "objectClass", "dcObject", "dc", "example", "o", "Example")
	for _, unit := range []string{"people", "staff", "groups", "services", "policies"} {
		out.add("ou="+unit+","+SlapdBase, "objectClass", "organizationalUnit", "ou", unit)
	}
	out.add(policyDN, "objectClass", "device", "objectClass", "pwdPolicy", "cn", "strict", "pwdAttribute", "userPassword",
		"pwdLockout", "TRUE", "pwdMaxFailure", fmt.Sprint(MaxFailures), "pwdMustChange", "TRUE")
	out.add(SlapdService, "objectClass", "organizationalRole", "objectClass", "simpleSecurityObject", "cn", "squid",
		"userPassword", ssha(SlapdServicePassword))
	if s.config.Referral != "" {
		out.add(SlapdElsewhere, "objectClass", "organizationalUnit", "ou", "elsewhere")
		out.add("cn=referral,"+SlapdElsewhere, "objectClass", "referral", "objectClass", "extensibleObject", "cn", "referral",
			"ref", s.config.Referral)
	}
	out.add(SlapdAlias, "objectClass", "alias", "objectClass", "extensibleObject", "cn", "alias",
		"aliasedObjectName", PersonOf("alice").DN())
	people := slices.Concat(People(), []Person{StaffPerson()}, s.config.People, Crowd())
	groups := make(map[string][]string)
	for _, p := range people {
		out.addPerson(p)
		for _, g := range p.Groups {
			groups[g] = append(groups[g], p.DN())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		words := []string{"objectClass", "groupOfNames", "cn", name}
		for _, dn := range groups[name] {
			words = append(words, "member", dn)
		}
		out.add(groupDN(name), words...)
	}
	return out.Bytes()
}

func groupDN(name string) string { return "cn=" + ldap.EscapeDN(name) + "," + SlapdGroups }

// ldif is a file in the format of RFC 2849, whose values are all in base64.
type ldif struct{ bytes.Buffer }

// add writes an entry; attributes are names and values by turns.
func (l *ldif) add(dn string, attributes ...string) {
	l.line("dn", dn)
	for i := 0; i < len(attributes); i += 2 {
		l.line(attributes[i], attributes[i+1])
	}
	l.WriteByte('\n')
}

func (l *ldif) line(name, value string) {
	fmt.Fprintf(l, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}

// addPerson writes memberOf too, which the server only keeps up from then on.
func (l *ldif) addPerson(p Person) {
	password := p.Password
	if !p.Plain {
		password = ssha(password)
	}
	words := []string{"objectClass", "inetOrgPerson", "uid", p.Name, "cn", p.Name, "sn", p.Name, "userPassword", password}
	for name, values := range p.Attributes {
		for _, value := range values {
			words = append(words, name, value)
		}
	}
	for _, g := range p.Groups {
		words = append(words, "memberOf", groupDN(g))
	}
	l.add(p.DN(), words...)
}

// ssha returns the password as the attribute userPassword holds it: SHA-1 with
// salt, which costs the server nothing.
func ssha(password string) string {
	const salt = "salt"
	sum := sha1.Sum([]byte(password + salt))
	return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}
