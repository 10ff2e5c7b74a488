package nis

import (
	"context"

	"squidauth/helper/doctor"
)

// nobodysName is one that no user has.
const nobodysName = "squidauth-doctor-nobody"

// Examine implements doctor.Examiner: the map is asked for a name that nobody has.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	if _, _, f := b.find(ctx, nobodysName); f != nil {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "nis", Where: b.c.Map + " of " + b.c.Domain, What: f.cause.Error(), Why: "nobody can log in",
			Cure: "ypwhich, and: ypmatch -d " + b.c.Domain + " USER " + b.c.Map + " tell more",
		})
		return
	}
	r.Good("nis", b.c.Map+" of "+b.c.Domain, "it answers")
}
