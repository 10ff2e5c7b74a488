package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A process is a running helper and our end of its socket.
type process struct {
	pid      int
	fd       int
	lines    *lineReader
	reaped   bool
	farewell string // what it may say at end of file
}

// A launcher starts helpers as Squid does: one socket as stdin and stdout, the name in parentheses, SIGPIPE ignored (see
// main) and no other descriptors.
type launcher struct {
	cpus   cpuPlan
	stderr *os.File
}

// start must run on a locked thread: a child inherits the CPUs of the thread that forks it, and must have them before it
// executes, since a Go helper counts its CPUs when it starts.
func (l launcher) start(path string, argv []string, preload string, pin pinning) (*process, error) {
	driver, helper, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("socket pair: %w", err)
	}
	defer unix.Close(helper)
	if err := l.cpus.forHelper(pin); err != nil {
		return nil, errors.Join(err, unix.Close(driver))
	}
	env := os.Environ()
	if preload != "" {
		env = append(env, "LD_PRELOAD="+preload)
	}
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{uintptr(helper), uintptr(helper), l.stderr.Fd()},
	})
	if err == nil {
		err = l.cpus.forDriver(pin)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", path, err), unix.Close(driver))
	}
	return &process{pid: pid, fd: driver, lines: newLineReader(driver)}, nil
}

func (p *process) write(line []byte) error {
	return p.explain(writeAll(p.fd, line))
}

// reply waits for a line.
func (p *process) reply() ([]byte, error) {
	line, err := p.lines.next()
	return line, p.explain(err)
}

// explain says how the helper ended if that is why there was an error.
func (p *process) explain(err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) {
		return err
	}
	status, waitErr := p.wait()
	if waitErr != nil {
		return fmt.Errorf("helper closed its output: %w", waitErr)
	}
	return fmt.Errorf("helper ended (%s); -stderr FILE may tell why", status)
}

// finish sends end of file and waits for the helper to end. Output after the last reply is an error: Squid would take it
// as the answer to somebody's next request, or kill the helper. How the helper ends does not matter to Squid.
func (p *process) finish() error {
	if err := unix.Shutdown(p.fd, unix.SHUT_WR); err != nil {
		return fmt.Errorf("end of file to helper: %w", err)
	}
	surplus, err := p.lines.rest()
	if len(surplus) > 0 && string(bytes.TrimSpace(surplus)) != p.farewell {
		return fmt.Errorf("surplus output after the last reply: %s", excerpt(surplus))
	}
	if err != nil {
		return fmt.Errorf("after end of file: %w", err)
	}
	_, err = p.wait()
	return err
}

// wait does not trust the helper to end.
func (p *process) wait() (string, error) {
	const patience = 5 * time.Second
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(200 * time.Microsecond) {
		var status unix.WaitStatus
		pid, err := unix.Wait4(p.pid, &status, unix.WNOHANG, nil)
		if err != nil && err != unix.EINTR {
			return "", fmt.Errorf("wait for helper: %w", err)
		}
		if pid == p.pid {
			p.reaped = true
			return describe(status), nil
		}
	}
	return "", fmt.Errorf("helper still runs %s after it should have ended", patience)
}

func describe(status unix.WaitStatus) string {
	if status.Signaled() {
		return "by signal " + status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

// discard frees everything, killing the helper if it did not end by itself.
func (p *process) discard() {
	unix.Close(p.fd)
	if p.reaped {
		return
	}
	unix.Kill(p.pid, unix.SIGKILL)
	unix.Wait4(p.pid, nil, 0, nil)
	p.reaped = true
}
