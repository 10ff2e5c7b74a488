package kerberos

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/helper/identity"
	"squidauth/negotiate/kerberos/initiator"
)

// Names says how users may call themselves. To Squid each way is another user, so by
// default there is one: the bare name, of the first realm.
type Names struct {
	Realms []string // users who type user@REALM are of one of them; not empty

	// Principal lets users of the first realm type user@REALM too.
	Principal bool

	// Domains are the realms of NetBIOS names, for users who type DOMAIN\user.
	Domains map[string]string
}

// maxName bounds a name in bytes. Directories allow 20 to 256.
const maxName = 256

// principal returns whom a typed name is of. Squid makes names lower case unless it is
// told otherwise, so the case of realms and domains does not count.
func (n Names) principal(typed string) (initiator.Principal, bool) {
	name, realm := typed, n.Realms[0]
	if domain, user, qualified := strings.Cut(typed, `\`); qualified {
		name, realm = user, n.domain(domain)
	} else if at := strings.LastIndexByte(typed, '@'); at >= 0 {
		name, realm = typed[:at], n.realm(typed[at+1:])
	}
	if realm == "" || !isPlain(name) {
		return initiator.Principal{}, false
	}
	return initiator.Principal{Name: []string{name}, Realm: realm}, true
}

func (n Names) realm(typed string) string {
	i := slices.IndexFunc(n.Realms, func(r string) bool { return strings.EqualFold(r, typed) })
	if i < 0 || i == 0 && !n.Principal {
		return ""
	}
	return n.Realms[i]
}

func (n Names) domain(typed string) string {
	for domain, realm := range n.Domains {
		if strings.EqualFold(domain, typed) {
			return realm
		}
	}
	return ""
}

// isPlain reports whether a name can be a user's: one component, printable, and
// nothing that stands between a name and a realm.
func isPlain(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name) &&
		!strings.ContainsAny(name, `/\@`) && !strings.ContainsFunc(name, unicode.IsControl)
}

// isName reports whether the directory calls the account as the user does. A KDC of
// Active Directory also knows accounts by other names, which may look like somebody
// else's, and Squid goes by what was typed.
func isName(a identity.Account, typed string) bool {
	return a.SAM == "" || identity.SameName(a.SAM, typed)
}
