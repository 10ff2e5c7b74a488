package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Account is a user as the server knows it that vouched for the password or
// ticket. What it did not say is empty.
type Account struct {
	Name   string // as the scheme has it: a principal without realm, or sAMAccountName
	Realm  string // Kerberos realm, or the domain's DNS name
	SAM    string // sAMAccountName, if the server named it apart from Name
	Domain string // NetBIOS name of the domain
	UPN    string // user principal name
}

// Form is a form of users' names.
type Form byte

// The forms. A user without what a form needs is reported as Principal, or, where
// there is no realm, as Domain, or as Bare. Of these only Principal and Domain are
// safe to tell people apart by: users of two realms can have the same bare name,
// and who administers accounts can give one a UPN that looks like another's
// principal.
const (
	Principal Form = iota // user@REALM
	Bare                  // user
	Domain                // DOMAIN\user
	UPN                   // the user principal name, often the mail address
)

// ParseForm reads the name of a form.
func ParseForm(s string) (Form, bool) {
	for i, name := range [...]string{Principal: "principal", Bare: "user", Domain: "domain", UPN: "upn"} {
		if s == name {
			return Form(i), true
		}
	}
	return 0, false
}

// Names says how users are reported to Squid.
type Names struct {
	Form      Form
	LowerCase bool
}

// Of returns the name of an account.
func (n Names) Of(a Account) string {
	name := n.form(a)
	if n.LowerCase {
		name = strings.Map(lower, name)
	}
	return name
}

func (n Names) form(a Account) string {
	sam := a.SAM
	if sam == "" {
		sam = a.Name
	}
	switch {
	case n.Form == Bare:
		return a.Name
	case n.Form == Domain && a.Domain != "":
		return a.Domain + `\` + sam
	case n.Form == UPN && a.UPN != "":
		return a.UPN
	case a.Realm != "":
		return a.Name + "@" + a.Realm
	case a.Domain != "":
		return a.Domain + `\` + sam
	}
	return a.Name
}

// SameName reports whether two names differ in upper and lower case at most. A letter is
// none that takes another number of bytes, such as the Kelvin sign and k: directories may
// take it for the same, and to Squid and its lists of users it is another.
func SameName(a, b string) bool {
	return a == b || len(a) == len(b) && utf8.ValidString(a) && utf8.ValidString(b) && strings.EqualFold(a, b)
}

// lower leaves letters alone that share their lower case with another one, such as
// the Kelvin sign: directories may hold both apart.
func lower(r rune) rune {
	if l := unicode.ToLower(r); unicode.ToUpper(l) == r {
		return l
	}
	return r
}
