//go:build unix

package e2e

import (
	"path/filepath"
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
