//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// daemon is a server of several processes that the test started. They form a process
// group, so that they are stopped, frozen and resumed together.
type daemon struct {
	command []string
	env     []string // the whole environment
	output  string   // the file for what it writes to its terminal

	owner testing.TB // the test at whose end it is killed: the one that launched it first

	cmd    *exec.Cmd
	exited chan struct{} // closed when the first process has ended
	killed *bool         // that is our doing
}

// launch starts the daemon, which must stay in the foreground, and has it killed at
// the end of the test that did so first.
func (d *daemon) launch(t testing.TB) {
	t.Helper()
	output, err := os.OpenFile(d.output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd, exited := exec.Command(d.command[0], d.command[1:]...), make(chan struct{})
	cmd.Env, cmd.Dir = d.env, filepath.Dir(d.output)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.cmd, d.exited, d.killed = cmd, exited, new(bool)
	go func() {
		_ = cmd.Wait() // it is killed
		close(exited)
	}()
	if d.owner == nil {
		d.owner = t
	}
	d.killAtEnd(d.owner, cmd.Process.Pid, exited)
}

// killAtEnd is KillAtEnd for a process group.
func (d *daemon) killAtEnd(t testing.TB, group int, exited <-chan struct{}) {
	t.Helper()
	killed := d.killed
	kill := func() { _ = syscall.Kill(-group, syscall.SIGKILL) } // it may have ended before
	if timed, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := timed.Deadline(); ok {
			timer := time.AfterFunc(time.Until(deadline)-spare, kill)
			t.Cleanup(func() { timer.Stop() })
		}
	}
	t.Cleanup(func() {
		if !*killed && ended(exited) {
			t.Errorf("%s ended by itself", filepath.Base(d.command[0]))
		}
		kill()
		<-exited
	})
}

// signal sends a signal to all processes.
func (d *daemon) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(-d.cmd.Process.Pid, signal); err != nil {
		t.Errorf("%s: %v", d.command[0], err)
	}
}

// Freeze stops all processes in the middle of what they do; connections stay open.
func (d *daemon) Freeze(t testing.TB) {
	t.Helper()
	d.signal(t, syscall.SIGSTOP)
}

// Resume lets them go on.
func (d *daemon) Resume(t testing.TB) {
	t.Helper()
	d.signal(t, syscall.SIGCONT)
}

// Stop kills all processes, and returns when they are gone.
func (d *daemon) Stop(t testing.TB) {
	t.Helper()
	*d.killed = true
	d.signal(t, syscall.SIGKILL)
	<-d.exited
	group := d.cmd.Process.Pid
	Eventually(t, stopTimeout, filepath.Base(d.command[0])+" is gone", func() bool {
		return syscall.Kill(-group, 0) == syscall.ESRCH
	})
}
