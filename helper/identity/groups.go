package identity

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

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

// DirectoryWait is how long a login waits at most for all that it asks the Directory.
const DirectoryWait = 2 * time.Second

// Directory knows groups by SID and by name. It may be used from several
// goroutines, takes no longer than ctx says, and logs itself, once, what keeps it
// from answering.
type Directory interface {
	// GroupNames returns names in the order of the SIDs, empty where it knows
	// none.
	GroupNames(ctx context.Context, sids []SID) []string

	// GroupSIDs returns the SIDs of groups, Group or DOMAIN\Group, in the order of
	// the names, and the zero SID where there is no such group. With an error,
	// which says why, it also means that the directory could not tell.
	GroupSIDs(ctx context.Context, names []string) ([]SID, error)
}

// Membership is what a server says of a user's groups. The zero Membership is of
// one who has none.
type Membership struct {
	Own  SID   // the user's; the zero SID if it is not known
	SIDs []SID // of the groups, in the order of the annotations; Own may be one of them
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

// Annotations are the group= pairs of a reply.
type Annotations struct {
	Pairs   []protocol.Pair
	LeftOut int // groups that did not fit into the reply
}

// Admit reports whether a user may come in and, if so, what Squid is told of the
// groups. An error says why it could not tell. It waits for the Directory for a
// quarter of the time that ctx leaves, and no longer than DirectoryWait.
func (g Groups) Admit(ctx context.Context, m Membership) (Annotations, bool, error) {
	wait := DirectoryWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)/4)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if !g.Require.IsEmpty() {
		if ok, err := g.Require.hasAny(ctx, g.Directory, m.SIDs); !ok || err != nil {
			return Annotations{}, false, err
		}
	}
	return g.annotate(ctx, m), true, nil
}

// maxGroupBytes leaves room in a reply for token and user.
const maxGroupBytes = 24 << 10

// annotate writes the groups that are to be reported.
func (g Groups) annotate(ctx context.Context, m Membership) (a Annotations) {
	if g.Format == GroupsNone || len(m.SIDs) == 0 {
		return a
	}
	reported := m.SIDs
	if !g.Only.IsEmpty() {
		only := g.Only.known(ctx, g.Directory)
		reported = slices.DeleteFunc(slices.Clone(reported), func(s SID) bool { return !slices.Contains(only, s) })
	}
	size := 0
	for _, v := range g.values(ctx, m.Own, reported) {
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
	var groups []SID
	var places []int // of the groups' values
	for i, s := range sids {
		if s != own {
			groups, places = append(groups, s), append(places, i)
		}
	}
	for i, name := range g.Directory.GroupNames(ctx, groups) {
		if name != "" {
			values[places[i]] = name
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
