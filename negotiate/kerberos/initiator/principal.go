package initiator

import (
	"fmt"
	"slices"
	"strings"
)

// Principal is a name in a realm (RFC 4120 section 6.2).
type Principal struct {
	Name  []string // the components
	Realm string
}

// String joins the components by "/" and puts the realm behind "@".
func (p Principal) String() string { return strings.Join(p.Name, "/") + "@" + p.Realm }

// ParsePrincipal reads what String writes. Without "@" the name is of the realm.
func ParsePrincipal(text, realm string) (Principal, error) {
	name := text
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		name, realm = text[:at], text[at+1:]
	}
	p := Principal{Name: strings.Split(name, "/"), Realm: realm}
	if realm == "" || slices.Contains(p.Name, "") {
		return Principal{}, fmt.Errorf("%q is not a name such as alice@EXAMPLE.ORG", text)
	}
	return p, nil
}
