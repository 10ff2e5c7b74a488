package identity

import (
	"context"
	"encoding/base64"
	"slices"

	"squidauth/protocol"
)

// GroupFormat is how a group is written into an annotation.
type GroupFormat byte

// The group formats. The zero format is GroupsBase64.
const (
	GroupsBase64 GroupFormat = iota // the binary SID, as negotiate_kerberos_auth
	GroupsSID                       // S-1-5-21-…
	GroupsName                      // the name in the directory; the SID where it has none
	GroupsNone                      // no annotations
)

// ParseGroupFormat reads the name of a format.
func ParseGroupFormat(s string) (GroupFormat, bool) {
	for i, name := range [...]string{GroupsBase64: "base64", GroupsSID: "sid", GroupsName: "name", GroupsNone: "none"} {
		if s == name {
			return GroupFormat(i), true
		}
	}
	return 0, false
}

// Directory knows groups by SID and by name. It may be used from several
// goroutines, takes but a part of the time that ctx leaves, and logs itself, once,
// what keeps it from answering.
type Directory interface {
	// GroupNames returns names in the order of the SIDs, empty where it knows
	// none.
	GroupNames(ctx context.Context, sids []SID) []string

	// GroupSID returns the SID of a group, Group or DOMAIN\Group, and the zero
	// SID if there is no such group. An error says why it could not tell.
	GroupSID(ctx context.Context, name string) (SID, error)
}

// Groups says which of a user's groups count, and how Squid is told of them.
type Groups struct {
	Format    GroupFormat
	Only      GroupSet  // report only these; empty: all
	Require   GroupSet  // admit only members of one of these; empty: everybody
	Directory Directory // for names; nil where there are none
}

// Wanted reports whether the groups of users matter at all.
func (g Groups) Wanted() bool { return g.Format != GroupsNone || !g.Require.IsEmpty() }

// Admits reports whether the member of these groups may come in. An error says
// why it could not tell.
func (g Groups) Admits(ctx context.Context, member []SID) (bool, error) {
	if g.Require.IsEmpty() {
		return true, nil
	}
	return g.Require.hasAny(ctx, g.Directory, member)
}

// Annotations are the group= pairs of a reply.
type Annotations struct {
	Pairs   []protocol.Pair
	LeftOut int // groups that did not fit into the reply
}

// maxGroupBytes leaves room in a reply for token and user.
const maxGroupBytes = 24 << 10

// Annotate writes the groups that are to be reported. The member's own SID comes
// first.
func (g Groups) Annotate(ctx context.Context, member []SID) (a Annotations) {
	if g.Format == GroupsNone || len(member) == 0 {
		return a
	}
	own, reported := member[0], member
	if !g.Only.IsEmpty() {
		only := g.Only.known(ctx, g.Directory)
		reported = slices.DeleteFunc(slices.Clone(member), func(s SID) bool { return !slices.Contains(only, s) })
	}
	size := 0
	for _, v := range g.values(ctx, own, reported) {
		if size += len(" group=") + len(v); size > maxGroupBytes {
			a.LeftOut++
			continue
		}
		a.Pairs = append(a.Pairs, protocol.Pair{Key: "group", Value: v})
	}
	return a
}

// values returns what is reported of each SID. A user's own is not looked for
// among groups.
func (g Groups) values(ctx context.Context, own SID, sids []SID) []string {
	values := make([]string, len(sids))
	for i, s := range sids {
		values[i] = g.value(s)
	}
	if g.Format != GroupsName || g.Directory == nil {
		return values
	}
	first := 0
	if len(sids) > 0 && sids[0] == own {
		first = 1
	}
	for i, name := range g.Directory.GroupNames(ctx, sids[first:]) {
		if name != "" {
			values[first+i] = name
		}
	}
	return values
}

func (g Groups) value(s SID) string {
	if g.Format == GroupsBase64 {
		return base64.StdEncoding.EncodeToString(s.Binary())
	}
	return s.String()
}
