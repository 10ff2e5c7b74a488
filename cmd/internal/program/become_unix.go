//go:build unix

package program

import (
	"os"
	"syscall"
)

func become(path string, argv []string) error { return syscall.Exec(path, argv, os.Environ()) }
