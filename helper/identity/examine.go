package identity

import (
	"context"
	"slices"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner: the Directory, and the groups that are named.
func (g Groups) Examine(ctx context.Context, r *doctor.Report) {
	e, ok := g.Directory.(doctor.Examiner)
	if !ok {
		return
	}
	before := r.Count(doctor.Fault)
	e.Examine(ctx, r)
	if r.Count(doctor.Fault) > before {
		return
	}
	names := slices.Concat(g.Require.Names, g.Only.Names)
	if len(names) == 0 {
		return
	}
	sids, err := g.Directory.GroupSIDs(ctx, names)
	if err != nil {
		r.Add(doctor.Finding{Severity: doctor.Note, Code: "group-unsure", What: "the groups could not be looked up: " + err.Error()})
		return
	}
	for i, name := range names {
		f := doctor.Finding{
			Severity: doctor.Warning, Code: "group-unknown", Where: "--groups " + name, What: "the directory has no such group, or more than one",
			Why: "it is never reported", Cure: "mend the name, or write it DOMAIN\\Group, or give the group's SID",
		}
		if i < len(g.Require.Names) {
			f.Severity, f.Where, f.Why = doctor.Fault, "--require-group "+name, "nobody is admitted by it"
		}
		if sids[i].IsZero() {
			r.Add(f)
		} else {
			r.Good("group", name, "is %s", sids[i])
		}
	}
}
