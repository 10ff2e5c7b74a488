//go:build unix

package child

import (
	"os"
	"os/exec"
	"syscall"
)

// terminate asks a process to end.
var terminate os.Signal = syscall.SIGTERM

// separate has the program run in a process group of its own, so that it can be
// killed together with what it starts, and keeps from it what descriptors we were
// born with.
func separate(cmd *exec.Cmd) {
	keepDescriptors()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
}

// signal sends a signal to the whole group, as long as it is there for certain: the
// number of a process that was waited for may be another's.
func (p *process) signal(s os.Signal) {
	if !p.gone() {
		_ = syscall.Kill(-p.cmd.Process.Pid, s.(syscall.Signal)) // it may have ended just now
	}
}

// looker sees what is in a pipe without waiting for it.
type looker struct{ conn syscall.RawConn }

func (l *looker) open(f *os.File) (err error) {
	l.conn, err = f.SyscallConn()
	return err
}

// atHand returns how much there is to read, of which it takes a byte, and whether
// the pipe has ended.
func (l *looker) atHand() (n int, eof bool) {
	err := l.conn.Read(func(fd uintptr) bool {
		var b [1]byte
		var err error
		n, err = syscall.Read(int(fd), b[:])
		eof = n == 0 && err == nil
		return true
	})
	return max(n, 0), eof || err != nil
}
