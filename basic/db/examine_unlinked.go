//go:build nodb

package db

import (
	"context"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner.
func (Backend) Examine(_ context.Context, r *doctor.Report) {
	r.Add(doctor.Finding{
		Severity: doctor.Note, Code: "not-examined", What: "this program has no drivers of databases, and cannot ask yours",
		Cure: "the same command with basic-db, which stands beside it: basic-db doctor -- db …",
	})
}
