package windows

import (
	"context"

	"squidauth/helper/doctor"
	"squidauth/ntlm"
)

// Examine implements doctor.Examiner: the lists of users, the domain controllers, and the
// directory of groups.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	b.opt.Allow.examine(ctx, "allowed users", r)
	b.opt.Deny.examine(ctx, "denied users", r)
	ntlm.Examine(ctx, r, b.opt.Verifier)
	b.opt.Groups.Examine(ctx, r)
}

func (l *UserList) examine(ctx context.Context, kind string, r *doctor.Report) {
	if l == nil {
		return
	}
	ok := r.File(doctor.File{Path: l.file.Path, Kind: "user-list", Make: "write users into it, one a line", Forgery: "whoever writes it decides who may come in"})
	if !ok {
		return
	}
	if err := l.file.Reload(ctx); err != nil {
		r.Add(doctor.Finding{Severity: doctor.Fault, Code: "user-list-unusable", Where: l.file.Path, What: err.Error(), Why: "nobody can log in", Cure: "write users into it, one a line"})
		return
	}
	list, _ := l.current(ctx)
	r.Good("user-list", l.file.Path, "%s: %d", kind, len(list.names))
}
