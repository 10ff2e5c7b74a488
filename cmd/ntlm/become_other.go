//go:build !unix

package main

import "errors"

// become fails: a process cannot be replaced on this system.
func become(string, []string) error {
	return errors.New("which this program cannot start on this system")
}
