package pam

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ServiceFile returns where PAM looks for the service first, and whether it has it
// anywhere. For one that it has not it asks the modules of the service "other".
func ServiceFile(opt Options) (path string, found bool) {
	dirs := []string{opt.ConfigDir}
	if opt.ConfigDir == "" {
		dirs = []string{"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d", "/usr/local/etc/pam.d"}
	}
	name := opt.Service
	if runtime.GOOS == "linux" {
		name = strings.ToLower(name) // as PAM does
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			return filepath.Join(dir, name), true
		}
	}
	return filepath.Join(dirs[0], name), false
}
