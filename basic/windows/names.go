package windows

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/helper/identity"
)

// Form is a way to type a user's name.
type Form byte

// The forms.
const (
	AnyForm       Form = iota
	BareForm           // user
	DomainForm         // DOMAIN\user, or DOMAIN/user
	PrincipalForm      // user@realm, or another user principal name
)

// ParseForm reads the name of a form.
func ParseForm(s string) (Form, bool) {
	for i, name := range [...]string{AnyForm: "any", BareForm: "user", DomainForm: "domain", PrincipalForm: "principal"} {
		if s == name {
			return Form(i), true
		}
	}
	return 0, false
}

// Names says how users may call themselves. To Squid each way is another user.
type Names struct {
	Form    Form
	Default string // NetBIOS name of the domain of users who type none

	// Domains, if there are any, are the only names of domains that users may type,
	// with the NetBIOS name of the domain that each stands for. Which others there are
	// the domain controller knows.
	Domains map[string]string
}

// name is one as the domain is asked for it. The domain of a user principal name is
// empty.
type name struct{ user, domain string }

// maxName bounds a name in bytes. Windows allows 20 to 256 characters in each part.
const maxName = 512

// read reads a typed name.
func (n Names) read(typed string) (name, bool) {
	if len(typed) > maxName || !utf8.ValidString(typed) || strings.ContainsFunc(typed, unicode.IsControl) {
		return name{}, false
	}
	form, read := BareForm, name{typed, n.Default}
	if at := strings.IndexAny(typed, `\/`); at >= 0 {
		form, read = DomainForm, name{typed[at+1:], typed[:at]}
	} else if at := strings.LastIndexByte(typed, '@'); at >= 0 {
		form, read = PrincipalForm, name{typed, ""}
		if len(n.Domains) > 0 {
			read = name{typed[:at], typed[at+1:]}
		}
	}
	if n.Form != AnyForm && n.Form != form || strings.ContainsAny(read.user, `\/`) || strings.Trim(read.user, "@") == "" {
		return name{}, false
	}
	if form == BareForm {
		return read, true
	}
	return n.permit(read, form)
}

// permit looks at the domain that was typed.
func (n Names) permit(read name, form Form) (name, bool) {
	if len(n.Domains) == 0 {
		return read, read.domain != "" || form == PrincipalForm
	}
	for typed, domain := range n.Domains {
		if strings.EqualFold(typed, read.domain) {
			return name{read.user, domain}, true
		}
	}
	return name{}, false
}

// isOf reports whether the domain calls the account as the user does. It also knows
// accounts by other names, and may take a domain that it does not know for its own;
// Squid goes by what was typed.
func (n name) isOf(a identity.Account) bool {
	if n.domain == "" {
		return identity.SameName(n.user, a.UPN) || a.Realm != "" && identity.SameName(n.user, a.Name+"@"+a.Realm)
	}
	return identity.SameName(n.user, a.Name) && (identity.SameName(n.domain, a.Domain) || identity.SameName(n.domain, a.Realm))
}
