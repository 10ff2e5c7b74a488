// Package state is what the processes of one user share on one machine: a folder, and
// files in it that one process at a time has locked. Whatever others could meddle with
// is not used.
package state

import (
	"fmt"
	"os"
	"path/filepath"
)

// DefaultDir returns a folder of the effective user's own that every process
// of the user finds: squidauth in XDG_RUNTIME_DIR, or else squidauth-UID in the
// folder for temporary files.
func DefaultDir(lookup func(name string) (value string, set bool)) string {
	if runtime, set := lookup("XDG_RUNTIME_DIR"); set && filepath.IsAbs(runtime) {
		return filepath.Join(runtime, "squidauth")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("squidauth-%d", os.Geteuid()))
}
