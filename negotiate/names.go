package negotiate

import (
	"strings"

	"squidauth/negotiate/kerberos"
)

// Names says in which form users are reported to Squid. The zero value is the
// principal: user@REALM.
type Names struct {
	StripRealm bool // user
	LowerCase  bool // of the letters A to Z
}

func (n Names) name(c *kerberos.Context) string {
	name := c.Client
	if !n.StripRealm {
		name += "@" + c.Realm
	}
	if n.LowerCase {
		name = strings.Map(lower, name)
	}
	return name
}

func lower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
