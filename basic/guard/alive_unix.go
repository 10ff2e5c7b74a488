//go:build unix

package guard

import "golang.org/x/sys/unix"

// alive reports whether there is a process with that number.
func alive(pid int) bool { return pid > 0 && unix.Kill(pid, 0) != unix.ESRCH }
