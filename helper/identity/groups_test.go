package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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

func (d *directory) GroupSIDs(_ context.Context, names []string) ([]SID, error) {
	d.asked = append(d.asked, names...)
	sids := make([]SID, len(names))
	if d.down {
		return sids, errDown
	}
	for i, name := range names {
		sids[i] = d.sids[name]
	}
	return sids, nil
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
func member(tb testing.TB, groups ...int) Membership {
	tb.Helper()
	own := group(tb, 9)
	m := Membership{Own: own, SIDs: []SID{own}}
	for _, n := range groups {
		m.SIDs = append(m.SIDs, group(tb, n))
	}
	return m
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

// TestAdmit: yes, no, and could not tell.
func TestAdmit(t *testing.T) {
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
		a, ok, err := Groups{Require: mustGroups(t, c.require), Directory: d}.Admit(t.Context(), member(t, c.groups...))
		if got := strings.TrimSuffix(fmt.Sprint(ok, " ", err), " <nil>"); got != c.want || ok != (a.Pairs != nil) {
			t.Errorf("%+v: %s, %v", c, got, a)
		}
	}
	d := newDirectory(t)
	d.down = true
	if _, ok, err := (Groups{Require: mustGroups(t, "Staff"), Directory: d}).Admit(t.Context(), Membership{}); ok || err != nil || d.asked != nil {
		t.Errorf("without groups: %v, %v", ok, err)
	}
	if _, ok, err := (Groups{Require: mustGroups(t, "Staff")}).Admit(t.Context(), member(t, 1)); ok || err == nil {
		t.Errorf("without a directory: %v, %v", ok, err)
	}
	if _, ok, err := (Groups{Require: mustGroups(t, "Nobodies"), Directory: d}).Admit(t.Context(), Membership{SIDs: []SID{{}}}); ok {
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
		got := annotations(t, Groups{Format: GroupsName, Only: mustGroups(t, c.only), Directory: d}, member(t, c.groups...))
		if !slices.Equal(got, c.want) || slices.Contains(d.asked, prefix+"9") {
			t.Errorf("%+v: %q, asked for %q", c, got, d.asked)
		}
	}
	if got := annotations(t, Groups{Format: GroupsName}, member(t, 1)); !slices.Equal(got, []string{prefix + "9", prefix + "1"}) {
		t.Errorf("without a directory: %q", got)
	}
	if got := annotations(t, Groups{Format: GroupsName, Directory: newDirectory(t)}, Membership{}); got != nil {
		t.Errorf("nobody: %q", got)
	}
}

// TestOwnSIDIsNotKnown: then the first SID is a group like others, and wherever it is
// the own one is not.
func TestOwnSIDIsNotKnown(t *testing.T) {
	d := newDirectory(t)
	g := Groups{Format: GroupsName, Directory: d}
	if got := annotations(t, g, Membership{SIDs: member(t, 1, 2).SIDs[1:]}); !slices.Equal(got, []string{"Staff", "Café Users"}) {
		t.Errorf("%q", got)
	}
	d.sids["alice"] = group(t, 9)
	m := Membership{Own: group(t, 9), SIDs: []SID{group(t, 1), group(t, 9), group(t, 2)}}
	if got := annotations(t, g, m); !slices.Equal(got, []string{"Staff", group(t, 9).String(), "Café Users"}) {
		t.Errorf("%q", got)
	}
}

// hung answers nothing, and returns when it has to.
type hung struct{}

func (hung) GroupNames(ctx context.Context, sids []SID) []string {
	<-ctx.Done()
	return make([]string, len(sids))
}

func (hung) GroupSIDs(ctx context.Context, names []string) ([]SID, error) {
	<-ctx.Done()
	return make([]SID, len(names)), ctx.Err()
}

// TestDirectoryWait: all questions of a login together wait no longer.
func TestDirectoryWait(t *testing.T) {
	for _, c := range []struct{ login, want time.Duration }{
		{0, DirectoryWait},
		{time.Minute, DirectoryWait},
		{4 * time.Second, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			if c.login > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.login)
				defer cancel()
			}
			g := Groups{Format: GroupsName, Require: mustGroups(t, "S-1-5-21-1-2-3-1,Guests"), Only: mustGroups(t, "Staff,Guests,S-1-5-21-1-2-3-1"), Directory: hung{}}
			for _, groups := range [][]int{{1}, {2}} { // let in, and not
				began := time.Now()
				_, _, _ = g.Admit(ctx, member(t, groups...))
				if took := time.Since(began); c.login == 0 && took != c.want || took > c.want {
					t.Errorf("%+v: %v", c, took)
				}
			}
		})
	}
}

// annotations returns what is reported of a user who may come in.
func annotations(t *testing.T, g Groups, m Membership) (values []string) {
	t.Helper()
	a, ok, err := g.Admit(t.Context(), m)
	if !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	for _, p := range a.Pairs {
		values = append(values, p.Value)
	}
	return values
}

// TestDirectoryIsNotAsked where names are not wanted.
func TestDirectoryIsNotAsked(t *testing.T) {
	for _, format := range []GroupFormat{GroupsBase64, GroupsSID, GroupsNone} {
		d := newDirectory(t)
		own := GroupSet{SIDs: member(t).SIDs}
		annotations(t, Groups{Format: format, Only: own, Require: own, Directory: d}, member(t, 1))
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
