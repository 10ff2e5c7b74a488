package sasl

import (
	"context"
	"errors"
	"io/fs"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner: saslauthd's socket is connected to, and asked
// nothing.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	fault := func(where string, err error, cure string) {
		r.Add(doctor.Finding{Severity: doctor.Fault, Code: "sasl-socket", Where: where, What: err.Error(), Why: "nobody can log in", Cure: cure})
	}
	path, err := b.socket(ctx)
	if err != nil {
		fault("", err, "systemctl enable --now saslauthd")
		return
	}
	conn, err := b.opt.Dial(ctx, "unix", path)
	if err == nil {
		_ = conn.Close() // nothing was sent
		r.Good("sasl-socket", path, "saslauthd listens")
		return
	}
	cure := "systemctl restart saslauthd"
	if errors.Is(err, fs.ErrPermission) {
		user, _ := doctor.Self()
		cure = "usermod -aG sasl " + user + ", and restart Squid"
	}
	fault(path, explain(ctx, path, err), cure)
}
