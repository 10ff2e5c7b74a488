package doctor

import (
	"os"
	"os/user"
	"strconv"
)

// Self returns the names of the user and group that this process runs as, for cures;
// their numbers where they have no name.
func Self() (name, group string) {
	uid, gid := strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid())
	name, group = uid, gid
	if u, err := user.LookupId(uid); err == nil {
		name = u.Username
	}
	if g, err := user.LookupGroupId(gid); err == nil {
		group = g.Name
	}
	return name, group
}
