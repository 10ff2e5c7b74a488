//go:build unix

package e2e

import (
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Freeze stops the controller in the middle of what it does: connections to it are set
// up, and nothing answers. It goes on when the test ends, if not before.
func (d *Domain) Freeze(t testing.TB) {
	t.Helper()
	t.Cleanup(func() { d.Resume(t) })
	d.signal(t, syscall.SIGSTOP)
}

// Resume lets it go on.
func (d *Domain) Resume(t testing.TB) {
	t.Helper()
	d.signal(t, syscall.SIGCONT)
}

// signal reaches all processes of the controller.
func (d *Domain) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd == nil {
		return
	}
	for _, p := range below(d.cmd.Process.Pid) {
		if err := p.Kill(signal); err != nil {
			t.Error(err)
		}
	}
}

// below returns the processes that a process has started, and those that they have.
func below(pid int) (found []Process) {
	children := map[int][]Process{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if p, ok := readProcess(dir); ok { // else it is gone
			children[p.Parent] = append(children[p.Parent], p)
		}
	}
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, p := range children[next[0]] {
			found, next = append(found, p), append(next, p.PID)
		}
	}
	return found
}

// Inside returns the command line of a program that sees the folders which only the
// controller's processes have, such as that of winbindd's socket.
func (d *Domain) Inside(t testing.TB, command ...string) []string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd == nil {
		t.Fatal("the controller is stopped")
	}
	processes := below(d.cmd.Process.Pid)
	if len(processes) == 0 {
		t.Fatal("the controller has no processes")
	}
	return append([]string{Need(t, "nsenter"), "--target", strconv.Itoa(processes[0].PID), "--mount"}, command...)
}

// Config returns the path of the controller's smb.conf.
func (d *Domain) Config() string { return d.file("smb.conf") }
