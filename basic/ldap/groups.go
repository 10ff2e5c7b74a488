package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/basic"
	"squidauth/protocol"
)

// DefaultGroupFilter finds the groups of the common kinds: those that list DNs, and
// those of POSIX, which list names.
const DefaultGroupFilter = "(|(member=%d)(uniqueMember=%d)(memberUid=%u))"

// GroupForm is how groups are reported to Squid.
type GroupForm byte

// The forms. The zero form is not at all.
const (
	NoGroups GroupForm = iota
	GroupNames
	GroupDNs
)

const (
	// maxGroups bounds the groups of a user that are asked for.
	maxGroups = 1000

	// maxGroupBytes leaves room in a reply.
	maxGroupBytes = 24 << 10
)

// Entries are groups that are entries of the directory, which a search finds.
type Entries struct {
	Base      string
	Filter    *Filter // with places d for the user's DN and u for the name
	Attribute string  // that holds a group's name
	Form      GroupForm
	Require   []string // names or DNs: only members of one of these are admitted; empty: everybody
	Only      []string // report only these; empty: all
}

var errTooMany = errors.New("the user is in more groups than are looked at: a narrower --group-base or --group-filter finds those that matter")

func (g *Entries) admit(ctx context.Context, u entrant) basic.Verdict {
	found, err := u.servers.Search(ctx, &ldap.SearchRequest{
		BaseDN: g.Base, Scope: ldap.ScopeWholeSubtree, SizeLimit: maxGroups, TimeLimit: secondsLeft(ctx),
		Filter: g.Filter.Fill(func(letter byte) string {
			if letter == 'd' {
				return u.name
			}
			return u.user
		}),
		Attributes: []string{g.Attribute},
	})
	if err != nil {
		return undecided(fmt.Errorf("the password is right, but the groups are not known: %w", err))
	}
	if len(g.Require) > 0 && !slices.ContainsFunc(found, func(e *ldap.Entry) bool { return g.isListed(e, g.Require) }) {
		if len(found) >= maxGroups {
			return basic.Undecided(Misconfigured, errTooMany)
		}
		return basic.No(basic.NotInGroup, "Not a member of a required group")
	}
	return basic.Yes(protocol.Identity{User: u.user}, g.pairs(found)...)
}

// isListed reports whether a group is listed by its DN or by a name.
func (g *Entries) isListed(e *ldap.Entry, list []string) bool {
	names := e.GetEqualFoldAttributeValues(g.Attribute)
	return slices.ContainsFunc(list, func(word string) bool {
		return sameDN(word, e.DN) || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, word) })
	})
}

func sameDN(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	if !strings.Contains(a, "=") {
		return false
	}
	x, err1 := ldap.ParseDN(a)
	y, err2 := ldap.ParseDN(b)
	return err1 == nil && err2 == nil && x.EqualFold(y)
}

// pairs returns the annotations. Groups that do not fit into a reply are left out.
func (g *Entries) pairs(found []*ldap.Entry) (pairs []protocol.Pair) {
	size := 0
	add := func(value string) {
		if size += len(" group=") + len(value); value != "" && size <= maxGroupBytes && !strings.Contains(value, "\x00") {
			pairs = append(pairs, protocol.Pair{Key: "group", Value: value})
		}
	}
	for _, e := range found {
		switch {
		case g.Form == NoGroups, len(g.Only) > 0 && !g.isListed(e, g.Only):
		case g.Form == GroupDNs:
			add(e.DN)
		default:
			for _, name := range e.GetEqualFoldAttributeValues(g.Attribute) {
				add(name)
			}
		}
	}
	return pairs
}

// secondsLeft is how long a server should work on a search, in seconds; 0: as it
// likes.
func secondsLeft(ctx context.Context) int {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(1, int(time.Until(deadline).Seconds()))
}
