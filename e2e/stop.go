//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Stop stops Squid with the signal, SIGTERM for a shutdown that lets clients
// finish or SIGINT for one that does not, and waits for it and for everything
// that it started. It fails the test when Squid was not running, did not end
// in peace, or left something behind.
func (s *Squid) Stop(t testing.TB, signal syscall.Signal) {
	t.Helper()
	s.stopping.Store(true)
	if !s.Running() {
		t.Errorf("squid ended by itself: %v", s.err)
		return
	}
	s.Signal(t, signal)
	select {
	case <-s.exited:
		if s.err != nil {
			t.Errorf("squid: %v", s.err)
		}
	case <-time.After(stopTimeout):
		t.Errorf("squid does not stop within %v", stopTimeout)
	}
	Poll(stopTimeout, func() bool { return len(marked(s.marker)) == 0 })
	for _, p := range marked(s.marker) {
		t.Errorf("still running after squid's end: %s", p.Command)
	}
	for _, file := range s.sharedMemory() {
		t.Errorf("left behind by squid: %s", file)
	}
}

// finish is the end of every test: Squid must still run, must stop, and must
// have nothing bad in its logs.
func (s *Squid) finish(t testing.TB) {
	t.Helper()
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	if !s.stopping.Load() {
		s.Stop(t, syscall.SIGINT)
	}
	s.sweep()
	s.checkLogs(t)
	if t.Failed() {
		t.Logf("end of cache.log:\n%s", tail(s.CacheLog(), 40))
	}
}

// sweep removes by force what a failed test could leave on the machine.
func (s *Squid) sweep() {
	for _, p := range marked(s.marker) {
		_ = p.Kill(syscall.SIGKILL) // reported by Stop already
	}
	for _, file := range s.sharedMemory() {
		_ = os.Remove(file)
	}
}

func (s *Squid) sharedMemory() []string {
	files, _ := filepath.Glob("/dev/shm/" + s.name + "-*")
	return files
}

// spare is the time before the test binary's deadline in which no Squid may run.
const spare = 5 * time.Second

// killBeforeDeadline keeps a test that hangs from leaving Squid behind: at the
// deadline the testing package ends the process and runs no clean-up.
func (s *Squid) killBeforeDeadline(t testing.TB) {
	t.Helper()
	timed, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return
	}
	deadline, ok := timed.Deadline()
	if !ok {
		return
	}
	left := time.Until(deadline) - spare
	if left < spare {
		t.Fatal("too little time is left before the -timeout to start Squid")
	}
	timer := time.AfterFunc(left, s.sweep)
	t.Cleanup(func() { timer.Stop() })
}
