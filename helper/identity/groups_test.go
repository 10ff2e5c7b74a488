package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// directory knows groups by name. While down it knows the names of SIDs only.
type directory struct {
	sids  map[string]SID
	down  bool
	asked []string // SIDs and names
}

func (d *directory) GroupNames(_ context.Context, sids []SID) []string {
	names := make([]string, len(sids))
	for i, sid := range sids {
		d.asked = append(d.asked, sid.String())
		for name, s := range d.sids {
			if s == sid {
				names[i] = name
			}
		}
	}
	return names
}

func (d *directory) GroupSID(_ context.Context, name string) (SID, error) {
	d.asked = append(d.asked, name)
	if d.down {
		return SID{}, errDown
	}
	return d.sids[name], nil
}

var errDown = errors.New("down")

// newDirectory returns one in which Staff is 1, Café Users is 2 and Guests is 3.
func newDirectory(tb testing.TB) *directory {
	return &directory{sids: map[string]SID{"Staff": group(tb, 1), "Café Users": group(tb, 2), "Guests": group(tb, 3)}}
}

func group(tb testing.TB, n int) SID {
	tb.Helper()
	return mustSID(tb, fmt.Sprint("S-1-5-21-1-2-3-", n))
}

// member is a user, number 9, in some groups.
func member(tb testing.TB, groups ...int) []SID {
	tb.Helper()
	sids := []SID{group(tb, 9)}
	for _, n := range groups {
		sids = append(sids, group(tb, n))
	}
	return sids
}

func TestParseGroups(t *testing.T) {
	set, err := ParseGroups([]string{"S-1-5-32-544", "Staff", "s-1-1-0", `EXAMPLE\Café Users`, "S-1", "S-Team"})
	if err != nil || fmt.Sprint(set) != `{[S-1-5-32-544 S-1-1-0] [Staff EXAMPLE\Café Users S-1 S-Team]}` || set.IsEmpty() {
		t.Errorf("%v, %v", set, err)
	}
	for _, word := range []string{"", "S-1-5-staff", "s-1-", `EXAMPLE\`, `\Staff`, `A\B\C`, "two\nlines", "\xff", "nul\x00"} {
		if set, err := ParseGroups([]string{"S-1-1-0", word}); err == nil || !set.IsEmpty() {
			t.Errorf("%q: %v, %v", word, set, err)
		}
	}
}

// TestAdmits: yes, no, and could not tell.
func TestAdmits(t *testing.T) {
	for _, c := range []struct {
		require string
		groups  []int
		down    bool
		want    string
	}{
		{"", nil, true, "true"},
		{"Staff", []int{1}, false, "true"},
		{"Staff", []int{2, 3}, false, "false"},
		{"Staff", []int{1}, true, "false down"},
		{"Staff", []int{2}, true, "false down"},
		{"Nobodies", []int{1}, false, "false"},
		{"Guests,Staff", []int{4, 3}, false, "true"},
		{"S-1-5-21-1-2-3-4,Staff", []int{4}, true, "true"}, // the directory does not matter
		{"S-1-5-21-1-2-3-4,Staff", []int{3}, true, "false down"},
		{"S-1-5-21-1-2-3-4", []int{3}, true, "false"},
		{"S-1-5-21-1-2-3-9", nil, true, "true"}, // the user's own
	} {
		d := newDirectory(t)
		d.down = c.down
		ok, err := Groups{Require: mustGroups(t, c.require), Directory: d}.Admits(t.Context(), member(t, c.groups...))
		if got := strings.TrimSuffix(fmt.Sprint(ok, " ", err), " <nil>"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	d := newDirectory(t)
	d.down = true
	if ok, err := (Groups{Require: mustGroups(t, "Staff"), Directory: d}).Admits(t.Context(), nil); ok || err != nil || d.asked != nil {
		t.Errorf("without groups: %v, %v", ok, err)
	}
	if ok, err := (Groups{Require: mustGroups(t, "Staff")}).Admits(t.Context(), member(t, 1)); ok || err == nil {
		t.Errorf("without a directory: %v, %v", ok, err)
	}
	if ok, err := (Groups{Require: mustGroups(t, "Nobodies"), Directory: d}).Admits(t.Context(), []SID{{}}); ok {
		t.Errorf("the SID that is none: %v, %v", ok, err)
	}
}

func TestAnnotateNames(t *testing.T) {
	const prefix = "S-1-5-21-1-2-3-"
	for _, c := range []struct {
		only   string
		groups []int
		down   bool
		want   []string
	}{
		{"", []int{1, 4, 2}, false, []string{prefix + "9", "Staff", prefix + "4", "Café Users"}},
		{"", nil, false, []string{prefix + "9"}},
		{"Staff", []int{1, 4, 2}, false, []string{"Staff"}},
		{"Nobodies", []int{1, 4, 2}, false, nil},
		{"Guests,Staff," + prefix + "9", []int{1, 3}, false, []string{prefix + "9", "Staff", "Guests"}},
		{"Guests," + prefix + "1", []int{1, 3}, true, []string{"Staff"}}, // Guests cannot be looked up
	} {
		d := newDirectory(t)
		d.down = c.down
		a := Groups{Format: GroupsName, Only: mustGroups(t, c.only), Directory: d}.Annotate(t.Context(), member(t, c.groups...))
		var got []string
		for _, p := range a.Pairs {
			got = append(got, p.Value)
		}
		if !slices.Equal(got, c.want) || slices.Contains(d.asked, prefix+"9") {
			t.Errorf("%+v: %q, asked for %q", c, got, d.asked)
		}
	}
	if a := (Groups{Format: GroupsName}).Annotate(t.Context(), member(t, 1)); len(a.Pairs) != 2 || a.Pairs[1].Value != prefix+"1" {
		t.Errorf("without a directory: %v", a)
	}
	if a := (Groups{Format: GroupsName, Directory: newDirectory(t)}).Annotate(t.Context(), nil); a.Pairs != nil {
		t.Errorf("nobody: %v", a)
	}
}

// TestDirectoryIsNotAsked where names are not wanted.
func TestDirectoryIsNotAsked(t *testing.T) {
	for _, format := range []GroupFormat{GroupsBase64, GroupsSID, GroupsNone} {
		d := newDirectory(t)
		g := Groups{Format: format, Only: GroupSet{SIDs: member(t)}, Require: GroupSet{SIDs: member(t)}, Directory: d}
		if ok, err := g.Admits(t.Context(), member(t, 1)); !ok || err != nil {
			t.Error(ok, err)
		}
		g.Annotate(t.Context(), member(t, 1))
		if d.asked != nil {
			t.Errorf("format %d: asked for %q", format, d.asked)
		}
	}
}

func mustGroups(tb testing.TB, list string) GroupSet {
	tb.Helper()
	if list == "" {
		return GroupSet{}
	}
	set, err := ParseGroups(strings.Split(list, ","))
	if err != nil {
		tb.Fatal(err)
	}
	return set
}
