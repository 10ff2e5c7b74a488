package pam

import (
	"context"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner: the service must be there. What its modules need
// cannot be seen from outside.
func (b *Backend) Examine(_ context.Context, r *doctor.Report) {
	path, found := ServiceFile(b.opt)
	if !found {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "pam-service", Where: path, What: "there is no such service of PAM: the modules of the service 'other' are asked",
			Why: "as a rule they refuse everybody; they may let in whom nobody has thought of", Cure: "cp /etc/pam.d/other " + path + ", and say in it what is to be asked; or --service with one that is there",
		})
		return
	}
	r.Good("pam-service", path, "it is there")
	r.Add(doctor.Finding{Severity: doctor.Note, Code: "pam-modules", Where: path, What: "what the modules of the service need cannot be examined: try a login"})
}
