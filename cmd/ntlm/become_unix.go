//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// become has the program in the same folder take the place of this process, by the
// name that this one was called by. It returns only if that fails.
func become(name string, args []string) error {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return err
	}
	path = filepath.Join(filepath.Dir(path), name)
	return fmt.Errorf("%s: %w", path, syscall.Exec(path, append(os.Args[:1:1], args...), os.Environ()))
}
