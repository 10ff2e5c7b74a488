package deny

import (
	"context"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner.
func (Backend) Examine(_ context.Context, r *doctor.Report) {
	r.Add(doctor.Finding{Severity: doctor.Note, Code: "deny", What: "this backend refuses everybody"})
}
