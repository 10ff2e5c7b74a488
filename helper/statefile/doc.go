// Package statefile opens files by which the processes of one user remember something
// together, in a folder where nobody else can put something in their way.
package statefile

import (
	"fmt"
	"os"
	"path/filepath"
)

// DefaultFolder returns a folder of the effective user's own that every process of the
// user finds: squidauth in XDG_RUNTIME_DIR, or else squidauth-UID in the folder for
// temporary files. lookup is os.LookupEnv.
func DefaultFolder(lookup func(name string) (string, bool)) string {
	if runtime, set := lookup("XDG_RUNTIME_DIR"); set && filepath.IsAbs(runtime) {
		return filepath.Join(runtime, "squidauth")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("squidauth-%d", os.Geteuid()))
}
