package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// GroupSet is groups as an administrator lists them. The zero GroupSet is empty.
type GroupSet struct {
	SIDs  []SID
	Names []string // Group or DOMAIN\Group, known to the Directory
}

var errNoDirectory = errors.New("there is no directory to look up the names of groups in")

// ParseGroups reads a list of SIDs and names. What begins like a SID has to be
// one.
func ParseGroups(words []string) (GroupSet, error) {
	var set GroupSet
	for _, w := range words {
		if len(w) >= 4 && strings.EqualFold(w[:4], "S-1-") {
			sid, err := ParseSID(w)
			if err != nil {
				return GroupSet{}, fmt.Errorf("%q is %w", w, err)
			}
			set.SIDs = append(set.SIDs, sid)
			continue
		}
		if !isGroupName(w) {
			return GroupSet{}, fmt.Errorf("%q is neither a SID nor the name of a group, such as Staff or EXAMPLE\\Staff", w)
		}
		set.Names = append(set.Names, w)
	}
	return set, nil
}

// isGroupName reports whether there can be such a group, with or without domain.
func isGroupName(s string) bool {
	domain, group, qualified := strings.Cut(s, `\`)
	if !qualified {
		domain, group = ".", domain
	}
	return domain != "" && group != "" && !strings.Contains(group, `\`) &&
		utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// IsEmpty tells whether no group is listed.
func (s GroupSet) IsEmpty() bool { return len(s.SIDs)+len(s.Names) == 0 }

// hasAny reports whether one of the member's SIDs is listed. It asks the directory
// only if that matters, and an error says that it did.
func (s GroupSet) hasAny(ctx context.Context, d Directory, member []SID) (bool, error) {
	if len(member) == 0 {
		return false, nil
	}
	listed := func(sid SID) bool { return slices.Contains(member, sid) }
	if slices.ContainsFunc(s.SIDs, listed) {
		return true, nil
	}
	named, err := s.lookUp(ctx, d)
	if slices.ContainsFunc(named, listed) {
		return true, nil
	}
	return false, err
}

// known returns the SIDs of the listed groups, but for those that there are none
// of, or that the directory cannot tell now.
func (s GroupSet) known(ctx context.Context, d Directory) []SID {
	named, _ := s.lookUp(ctx, d)
	return append(slices.Clone(s.SIDs), named...)
}

// lookUp returns the SIDs of the groups that are listed by name, as far as there are
// such. An error says why the directory could not tell of all of them.
func (s GroupSet) lookUp(ctx context.Context, d Directory) ([]SID, error) {
	switch {
	case len(s.Names) == 0:
		return nil, nil
	case d == nil:
		return nil, errNoDirectory
	}
	sids, err := d.GroupSIDs(ctx, s.Names)
	return slices.DeleteFunc(sids, SID.IsZero), err
}
