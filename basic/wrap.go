package basic

import (
	"context"
	"io"

	"squidauth/helper/doctor"
)

// Reload has a Backend read its files again, if it can. On an error the old content
// stays in force.
func Reload(ctx context.Context, b Backend) error {
	if r, ok := b.(interface{ Reload(context.Context) error }); ok {
		return r.Reload(ctx)
	}
	return nil
}

// Close closes a Backend that has something to close. It is not used afterwards.
func Close(b Backend) error {
	if c, ok := b.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Examine has a Backend examined, as doctor.Examiner says.
func Examine(ctx context.Context, r *doctor.Report, b Backend) {
	if e, ok := b.(doctor.Examiner); ok {
		e.Examine(ctx, r)
		return
	}
	r.Add(doctor.Finding{Severity: doctor.Note, Code: "not-examined", What: "what this backend needs cannot be examined: try a login"})
}
