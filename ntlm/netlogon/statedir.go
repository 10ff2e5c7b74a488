package netlogon

import (
	"fmt"
	"os"
	"path/filepath"
)

// Lookup returns the value of an environment variable and whether it is set, as
// os.LookupEnv does.
type Lookup func(name string) (value string, set bool)

// DefaultStateDir returns a folder of the effective user's own that every process
// of the user finds: squidauth in XDG_RUNTIME_DIR, or else squidauth-UID in the
// folder for temporary files.
func DefaultStateDir(lookup Lookup) string {
	if runtime, set := lookup("XDG_RUNTIME_DIR"); set && filepath.IsAbs(runtime) {
		return filepath.Join(runtime, "squidauth")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("squidauth-%d", os.Geteuid()))
}
