package e2e

import (
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"
)

// What a Slapd holds. Everybody may look below SlapdPeople, where People and Crowd
// are. Below SlapdStaff are SlapdStaffers, and only SlapdService may look there; it
// may also compare passwords.
const (
	SlapdBase   = "dc=example,dc=test"
	SlapdPeople = "ou=people," + SlapdBase
	SlapdStaff  = "ou=staff," + SlapdBase
	SlapdGroups = "ou=groups," + SlapdBase

	SlapdService         = "cn=squid,ou=services," + SlapdBase
	SlapdServicePassword = "Asks-for-everybody-9"
)

// SlapdElsewhere has all below it on another server, see SlapdConfig.Referral.
const SlapdElsewhere = "ou=elsewhere," + SlapdBase

// SlapdAlias is an alias of alice's entry.
const SlapdAlias = "cn=alias," + SlapdBase

// CrowdSize is how many users there are beside those with names.
const CrowdSize = 1000

// A Person is a user of a Slapd.
type Person struct {
	Name, Password string
	// Parent is the entry above, or "" for SlapdPeople.
	Parent string
	// Plain has the password kept as it is, so that it can be compared.
	Plain bool
	// Attributes are further ones.
	Attributes map[string][]string
	// Groups has names of groups that the user is a member of.
	Groups []string
}

// DN returns the name of the user's entry.
func (p Person) DN() string {
	parent := p.Parent
	if parent == "" {
		parent = SlapdPeople
	}
	return "uid=" + ldap.EscapeDN(p.Name) + "," + parent
}

// People are the users with names that every Slapd has below SlapdPeople.
func People() []Person {
	people := []Person{
		{Name: "alice", Password: "alices-secret", Groups: []string{"proxyusers", "staff"}},
		{Name: "bob", Password: "bob's secret, two words", Groups: []string{"proxyusers"}},
		{Name: "carol", Password: "compare-me-with-it", Plain: true},
		{Name: "twin-1", Password: "one-of-two-twins", Attributes: map[string][]string{"mail": {"twins@example.test"}}},
		{Name: "twin-2", Password: "two-of-two-twins", Attributes: map[string][]string{"mail": {"twins@example.test"}}},
		{Name: "locked", Password: "locked-by-somebody", Attributes: map[string][]string{
			"pwdPolicySubentry": {policyDN}, "pwdAccountLockedTime": {"000001010000Z"},
		}},
		{Name: "reset", Password: "has-to-be-changed", Attributes: map[string][]string{
			"pwdPolicySubentry": {policyDN}, "pwdReset": {"TRUE"},
		}},
		{Name: "lockable", Password: "locked-after-three", Attributes: map[string][]string{"pwdPolicySubentry": {policyDN}}},
	}
	for _, name := range OddNames {
		people = append(people, Person{Name: name, Password: "odd-password-of-" + name})
	}
	return people
}

// OddNames are names of People that somebody might forget to escape.
var OddNames = []string{
	"jürgen", "o'brien", `dom\carl`, "smith, john", `"quoted"`, "star*", "(parens)", "a=b", "a+b", "x;y", "<less>", "#hash",
	"two words", "ends with\\", "山田", "100%", "per%cent%s", "/slash/", "zero",
}

// StaffPerson returns the one user below SlapdStaff.
func StaffPerson() Person {
	return Person{Name: "dave", Password: "not-for-everybody", Parent: SlapdStaff}
}

// Crowd returns many users, below SlapdPeople.
func Crowd() []Person {
	var people []Person
	for n := range CrowdSize {
		people = append(people, Person{Name: fmt.Sprintf("user-%04d", n), Password: fmt.Sprintf("password-of-%04d", n)})
	}
	return people
}

// PersonOf returns one of People by name.
func PersonOf(name string) Person {
	people := People()
	return people[slices.IndexFunc(people, func(p Person) bool { return p.Name == name })]
}

// policyDN is the one policy: three wrong passwords lock an account.
const policyDN = "cn=strict,ou=policies," + SlapdBase

// MaxFailures is how many wrong passwords lock the accounts that have a policy.
const MaxFailures = 3
