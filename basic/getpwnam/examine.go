package getpwnam

import (
	"context"
	"fmt"
	"os"

	"squidauth/helper/doctor"
	"squidauth/helper/watch"
)

// Examine implements doctor.Examiner: the files, and the program that is asked besides.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	examineFile(ctx, r, b.files.passwd, b.files.shadow == nil)
	if b.files.shadow != nil {
		examineFile(ctx, r, b.files.shadow, true)
	}
	if b.nss == nil {
		return
	}
	if info, err := os.Stat(b.nss.getent); err != nil || info.Mode()&0o111 == 0 {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "getent", Where: b.nss.getent, What: "the program is not there", Why: "users who are not in the files cannot log in", Cure: "--nss off, or install it (Debian: libc-bin)",
		})
	}
}

// examineFile looks at a file; secret: it has hashes.
func examineFile(ctx context.Context, r *doctor.Report, f *watch.File[table], secret bool) {
	err := f.Reload(ctx)
	if err == nil {
		t, _ := f.Current(ctx)
		info, err := os.Stat(f.Path)
		if secret && err == nil && info.Mode().Perm()&0o004 != 0 && len(t.hashes) > 0 {
			r.Add(doctor.Finding{
				Severity: doctor.Warning, Code: "system-file-open", Where: f.Path, What: fmt.Sprintf("everybody on this machine can read it (mode %04o)", info.Mode().Perm()),
				Why: "whoever reads the hashes can guess passwords at leisure", Cure: "chmod o= " + f.Path,
			})
			return
		}
		r.Good("system-file", f.Path, "users: %d", len(t.users))
		return
	}
	user, _ := doctor.Self()
	r.Add(doctor.Finding{
		Severity: doctor.Fault, Code: "system-file", Where: f.Path, What: err.Error(), Why: "nobody can log in",
		Cure: "usermod -aG shadow " + user + ", and restart Squid; squid.conf must have no cache_effective_group",
	})
}
