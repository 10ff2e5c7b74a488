package machine

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"squidauth/negotiate/kerberos/initiator"
)

// maxNetBIOS is how many characters a computer's NetBIOS name has, which is its
// account's without the $ ([MS-NBTE] section 2.2.1).
const maxNetBIOS = 15

// An Account is a computer's in a domain.
type Account struct {
	Realm string // the domain's DNS name, in capitals
	Name  string // sAMAccountName, ending in $
}

// ParseAccount reads the names as a person writes them: without $ and in any case.
func ParseAccount(name, realm string) (Account, error) {
	a := Account{Realm: strings.ToUpper(strings.TrimSuffix(realm, ".")), Name: strings.TrimSuffix(name, "$") + "$"}
	switch computer := a.computer(); {
	case !isHost(a.Realm):
		return Account{}, fmt.Errorf("%q is not a realm, such as EXAMPLE.ORG", realm)
	case computer == "" || len(computer) > maxNetBIOS || strings.ContainsFunc(computer, notInLabel):
		return Account{}, fmt.Errorf("%q is not the name of a computer's account, such as PROXY1$: it has at most %d letters, digits and hyphens before the $", name, maxNetBIOS)
	}
	return a, nil
}

// AccountOf returns the account whose keys are in the content of a keytab, if that
// has one.
func AccountOf(keytab []byte) (Account, bool) {
	keys, err := initiator.ParseKeytab(keytab)
	if err != nil {
		return Account{}, false
	}
	for _, k := range keys {
		if len(k.Principal.Name) == 1 && strings.HasSuffix(k.Principal.Name[0], "$") {
			a, err := ParseAccount(k.Principal.Name[0], k.Principal.Realm)
			return a, err == nil
		}
	}
	return Account{}, false
}

func (a Account) computer() string { return strings.TrimSuffix(a.Name, "$") }

// dnsDomain is the domain's DNS name, as hosts have it.
func (a Account) dnsDomain() string { return strings.ToLower(a.Realm) }

// String is the account's principal.
func (a Account) String() string { return a.Name + "@" + a.Realm }

// salt is that of computers' keys ([MS-KILE] section 3.1.1.2).
func (a Account) salt() string {
	return a.Realm + "host" + strings.ToLower(a.computer()) + "." + a.dnsDomain()
}

func notInLabel(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// maxHost is how many characters a host's name has (RFC 1035 section 2.3.4).
const maxHost = 255

// isHost reports whether a name may be that of a host or a domain.
func isHost(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool { return r != '_' && notInLabel(r) }) {
			return false
		}
	}
	return len(name) <= maxHost
}

// maxSPN bounds a service principal name in bytes.
const maxSPN = 260

// checkSPN says what is wrong with a service principal name: CLASS/HOST, or with more
// behind it ([MS-ADTS] section 5.1.1.4).
func checkSPN(spn string) error {
	parts := strings.Split(spn, "/")
	if len(spn) > maxSPN || len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") ||
		strings.ContainsFunc(spn, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || r == '@' || r == '\\' || r == unicode.ReplacementChar
		}) {
		return fmt.Errorf("%q is not a service principal name, such as HTTP/proxy.example.org", spn)
	}
	return nil
}

// allSPNs returns those that every computer has, and those asked for, each once: the
// directory takes no two that differ in case only.
func allSPNs(a Account, host string, wanted []string) (all []string) {
	for _, spn := range append([]string{"HOST/" + a.computer(), "HOST/" + host}, wanted...) {
		if !slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, spn) }) {
			all = append(all, spn)
		}
	}
	return all
}

// principals returns those that the account has keys for: its own, those of its
// services, and more, each once.
func principals(a Account, spns []string, more ...initiator.Principal) []initiator.Principal {
	all := []initiator.Principal{{Name: []string{a.Name}, Realm: a.Realm}}
	var others []initiator.Principal
	for _, spn := range spns {
		others = append(others, initiator.Principal{Name: strings.Split(spn, "/"), Realm: a.Realm})
	}
	for _, p := range append(others, more...) {
		if !slices.ContainsFunc(all, func(known initiator.Principal) bool { return known.String() == p.String() }) {
			all = append(all, p)
		}
	}
	return all
}
