//go:build !unix

package program

import (
	"errors"
	"os"
	"os/exec"
)

// become starts the program with the handles of this one, and ends with its status.
// It ends by itself when Squid closes its input.
func become(path string, argv []string) error {
	cmd := exec.Cmd{Path: path, Args: argv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	err := cmd.Run()
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) {
		os.Exit(cmd.ProcessState.ExitCode())
	}
	return err
}
