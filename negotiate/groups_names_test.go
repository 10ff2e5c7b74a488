package negotiate_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"squidauth/helper/identity"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// directory knows one group, Staff.
type directory struct {
	staff identity.SID
	err   error
}

func (d directory) GroupNames(_ context.Context, sids []identity.SID) []string {
	names := make([]string, len(sids))
	if i := slices.Index(sids, d.staff); i >= 0 && d.err == nil {
		names[i] = "Staff"
	}
	return names
}

func (d directory) GroupSIDs(_ context.Context, names []string) ([]identity.SID, error) {
	sids := make([]identity.SID, len(names))
	if i := slices.Index(names, "Staff"); i >= 0 && d.err == nil {
		sids[i] = d.staff
	}
	return sids, d.err
}

func TestGroupNames(t *testing.T) {
	h, log := withLog(t)
	h.Groups = identity.Groups{Format: identity.GroupsName, Directory: directory{staff: mustSID(t, domain+"-10001")}}
	_, p := ask(t, h, line("YR", withGroups(krbtest.AES256SHA1, 2, nil).Init(spnego.KRB5)))
	if got := groups(p); !slices.Equal(got, []string{ownSID, domain + "-10000", "Staff"}) || log.Len() > 0 {
		t.Errorf("%v, log %s", got, log)
	}
}

// TestGroupNamesWithoutOwnSID: the first group is no user.
func TestGroupNamesWithoutOwnSID(t *testing.T) {
	h, _ := withLog(t)
	h.Groups = identity.Groups{Format: identity.GroupsName, Directory: directory{staff: mustSID(t, domain+"-10000")}}
	l := withGroups(krbtest.AES256SHA1, 2, func(s *pactest.Spec) { s.Logon.UserID = 0 })
	_, p := ask(t, h, line("YR", l.Init(spnego.KRB5)))
	if got := groups(p); !slices.Equal(got, []string{"Staff", domain + "-10001"}) {
		t.Error(got)
	}
}

// TestRequireName: when the directory cannot tell, that is neither a yes nor a no.
func TestRequireName(t *testing.T) {
	down := errors.New("ldaps://dc1.example.org:636: no answer in time")
	for name, tt := range map[string]struct {
		group   string
		groups  int // of the user: 10000 and so on
		err     error
		outcome protocol.Outcome
		reason  any
	}{
		"member":            {"Staff", 2, nil, protocol.Accepted, authenticated},
		"no member":         {"Staff", 1, nil, protocol.Denied, negotiate.NotInGroup},
		"no such group":     {"Nobodies", 2, nil, protocol.Denied, negotiate.NotInGroup},
		"directory is down": {"Staff", 2, down, protocol.Unavailable, negotiate.GroupUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandler(t)
			h.Groups.Require = identity.GroupSet{Names: []string{tt.group}}
			h.Groups.Directory = directory{mustSID(t, domain+"-10001"), tt.err}
			r, p := ask(t, h, line("YR", withGroups(krbtest.AES256SHA1, tt.groups, nil).Init(spnego.KRB5)))
			want(t, r, tt.outcome, tt.reason)
			if !errors.Is(r.Detail().Cause, tt.err) || r.Outcome() != protocol.Accepted && groups(p) != nil {
				t.Errorf("cause %v, groups %v", r.Detail().Cause, groups(p))
			}
		})
	}
}
