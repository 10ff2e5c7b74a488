//go:build !nodb

package db

import (
	"context"

	"squidauth/basic"
	"squidauth/helper/doctor"
)

// nobodysName is one that no user has.
const nobodysName = "squidauth-doctor-nobody"

// Examine implements doctor.Examiner: the table is asked for a name that nobody has.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	where := b.finder.engine.String()
	if e, isFile := b.finder.engine.(*sqliteEngine); isFile {
		ok := r.File(doctor.File{
			Path: e.path, Kind: "db-file", Make: "mend --dsn",
			Harm:    "whoever reads the stored passwords can guess them at leisure",
			Forgery: "whoever writes it can make users and log in as anybody",
		})
		if !ok {
			return
		}
	}
	rows, err := b.finder.find(ctx, nobodysName)
	switch {
	case err != nil:
		v := b.failed(ctx, err, "")
		if v.Cause() == nil { // the column cannot hold such a name, and the table is there
			break
		}
		r.Add(diagnose(where, v))
		return
	case len(rows) > 0:
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "db-condition", Where: where, What: "the query finds somebody for a name that nobody has",
			Why: "somebody's password lets everybody in, or nobody gets in", Cure: "mend --cond: it must not find rows of other users",
		})
		return
	}
	r.Good("db", where, "it answers, and has the table")
}

// diagnose says what is wrong by how a question was answered.
func diagnose(where string, v basic.Verdict) doctor.Finding {
	f := doctor.Finding{Severity: doctor.Fault, Code: "db-unreachable", Where: where, What: v.Cause().Error(), Why: "nobody can log in", Cure: "see whether the server runs and a firewall lets its port through"}
	switch v.Reason() {
	case basic.ServiceAccount:
		f.Code, f.Cure = "db-refused", "mend --user, or write its password into the file of --password-file"
	case QueryRefused:
		f.Code, f.Cure = "db-query", "mend --table, --usercol, --passwdcol or --cond; or GRANT SELECT on the table to --user"
	}
	return f
}
