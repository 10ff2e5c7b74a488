package identity

import (
	"context"
	"errors"
	"testing"

	"squidauth/helper/doctor"
	"squidauth/helper/doctor/doctortest"
)

// phoneBook knows the group Staff, unless something is wrong with it.
type phoneBook struct {
	sick bool
	err  error
}

func (p phoneBook) GroupNames(_ context.Context, sids []SID) []string {
	return make([]string, len(sids))
}

func (p phoneBook) GroupSIDs(_ context.Context, names []string) ([]SID, error) {
	sids := make([]SID, len(names))
	for i, name := range names {
		if name == "Staff" {
			sids[i], _ = ParseSID("S-1-5-21-1-2-3-1001")
		}
	}
	return sids, p.err
}

func (p phoneBook) Examine(_ context.Context, r *doctor.Report) {
	if p.sick {
		r.Add(doctor.Finding{Severity: doctor.Fault, Code: "sick", What: "it is", Why: "why", Cure: "cure"})
	}
}

func TestExamine(t *testing.T) {
	for name, c := range map[string]struct {
		groups     Groups
		want, cure string
	}{
		"no directory":     {Groups{}, "", ""},
		"no names":         {Groups{Directory: phoneBook{}}, "", ""},
		"known":            {Groups{Directory: phoneBook{}, Require: GroupSet{Names: []string{"Staff"}}}, "", ""},
		"required unknown": {Groups{Directory: phoneBook{}, Require: GroupSet{Names: []string{"Stuff"}}, Only: GroupSet{Names: []string{"Staff"}}}, "fault group-unknown", "mend the name"},
		"reported unknown": {Groups{Directory: phoneBook{}, Require: GroupSet{Names: []string{"Staff"}}, Only: GroupSet{Names: []string{"Stuff"}}}, "warning group-unknown", "DOMAIN\\Group"},
		"sick directory":   {Groups{Directory: phoneBook{sick: true}, Require: GroupSet{Names: []string{"Stuff"}}}, "fault sick", "cure"},
		"unsure":           {Groups{Directory: phoneBook{err: errors.New("away")}, Require: GroupSet{Names: []string{"Staff"}}}, "note group-unsure", ""},
	} {
		doctortest.Want(t, name, c.groups, c.want, c.cure)
	}
}
