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
	GroupsName                      // DOMAIN\name, from the directory; the SID where it has none
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

// Directory knows the names of groups. It may be used from several goroutines.
type Directory interface {
	// GroupNames returns names in the order of the SIDs, empty where the
	// directory has none. After an error those it does know are there all the
	// same.
	GroupNames(ctx context.Context, sids []SID) ([]string, error)
}

// Groups says which of a user's groups count, and how Squid is told of them.
type Groups struct {
	Format    GroupFormat
	Only      []SID // report only these; empty: all
	Require   []SID // admit only members of one of these; empty: everybody
	Directory Directory
}

// Wanted reports whether the groups of users matter at all.
func (g Groups) Wanted() bool { return g.Format != GroupsNone || len(g.Require) > 0 }

// Admits reports whether the member of these groups may come in.
func (g Groups) Admits(member []SID) bool {
	if len(g.Require) == 0 {
		return true
	}
	return slices.ContainsFunc(member, func(s SID) bool { return slices.Contains(g.Require, s) })
}

// Annotations are the group= pairs of a reply.
type Annotations struct {
	Pairs   []protocol.Pair
	LeftOut int   // groups that did not fit into the reply
	Err     error // of the directory
}

// maxGroupBytes leaves room in a reply for token and user.
const maxGroupBytes = 24 << 10

// Annotate writes the groups that are to be reported.
func (g Groups) Annotate(ctx context.Context, member []SID) (a Annotations) {
	if g.Format == GroupsNone || len(member) == 0 {
		return a
	}
	reported := member
	if len(g.Only) > 0 {
		reported = slices.DeleteFunc(slices.Clone(member), func(s SID) bool { return !slices.Contains(g.Only, s) })
	}
	var values []string
	values, a.Err = g.values(ctx, reported)
	size := 0
	for _, v := range values {
		if size += len(" group=") + len(v); size > maxGroupBytes {
			a.LeftOut++
			continue
		}
		a.Pairs = append(a.Pairs, protocol.Pair{Key: "group", Value: v})
	}
	return a
}

func (g Groups) values(ctx context.Context, sids []SID) (values []string, err error) {
	if g.Format == GroupsName && g.Directory != nil {
		values, err = g.Directory.GroupNames(ctx, sids)
	}
	if len(values) != len(sids) {
		values = make([]string, len(sids))
	}
	for i, s := range sids {
		if values[i] == "" {
			values[i] = g.value(s)
		}
	}
	return values, err
}

func (g Groups) value(s SID) string {
	if g.Format == GroupsBase64 {
		return base64.StdEncoding.EncodeToString(s.Binary())
	}
	return s.String()
}
