package rcache

import (
	"fmt"
	"path/filepath"

	"squidauth/helper/doctor"
)

// Examine reports whether the cache could be opened that Open opens, without making
// anything.
func Examine(r *doctor.Report, option string, lookup Lookup) {
	p, err := placeOf(option, lookup)
	switch {
	case err != nil:
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "replay-cache", What: err.Error(), Why: "nobody can log in", Cure: "--replay-cache file",
		})
	case p.kind == nowhere:
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "no-replay-cache", Where: "--replay-cache", What: "tokens are not remembered",
			Why: "whoever records a login can use its token again for five minutes", Cure: "--replay-cache file",
		})
	case p.kind == inMemory:
		r.Add(doctor.Finding{
			Severity: doctor.Note, Code: "replay-memory", Where: "--replay-cache", What: "each helper process remembers its own tokens",
			Why: "a token that was recorded can be used again once with each other process", Cure: "--replay-cache file",
		})
	default:
		examineFile(r, p.path)
	}
}

func examineFile(r *doctor.Report, path string) {
	err := check(path)
	if err == nil {
		r.Good("replay-cache", path, "tokens can be remembered there")
		return
	}
	user, group := doctor.Self()
	folder := filepath.Dir(path)
	r.Add(doctor.Finding{
		Severity: doctor.Fault, Code: "replay-cache", Where: path, What: err.Error(), Why: "nobody can log in",
		Cure: fmt.Sprintf("rm -f %[1]s; install -d -o %[2]s -g %[3]s -m 700 %[4]s if the folder is not there or not %[2]s's to write to; or --replay-cache file:ANOTHER", path, user, group, folder),
	})
}
