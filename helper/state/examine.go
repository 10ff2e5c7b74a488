package state

import (
	"fmt"

	"squidauth/helper/doctor"
)

// Examine reports whether Take could lock the file, without making anything. f is the
// finding if it could not, without where, what and cure; its code is also that of the
// good one. mode is that of the folder if somebody is to make it: "700", or "755" for
// one that others read.
func Examine(r *doctor.Report, folder, name, mode string, f doctor.Finding) {
	where, err := check(folder, name)
	if err == nil {
		r.Good(f.Code, folder, "what processes share can be kept there")
		return
	}
	user, group := doctor.Self()
	f.Where, f.What, f.Cure = where, err.Error(), "rm "+where
	if where == folder {
		f.Cure = fmt.Sprintf("install -d -o %s -g %s -m %s %s", user, group, mode, folder)
	}
	r.Add(f)
}
