package fake

import (
	"context"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner.
func (Backend) Examine(_ context.Context, r *doctor.Report) {
	r.Add(doctor.Finding{
		Severity: doctor.Fault, Code: "fake", What: "this backend lets everybody in, with any password", Why: "names in the log are what clients claim",
		Cure: "another backend, such as: basic ncsa /etc/squid/passwd",
	})
}
