//go:build unix

package command

import (
	"os"
	"os/exec"
	"syscall"
)

// killAll has the program run in a process group of its own, all of which is killed
// when the time is up.
func killAll(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err == syscall.ESRCH {
			return os.ErrProcessDone
		}
		return nil
	}
}
