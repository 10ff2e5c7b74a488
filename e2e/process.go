//go:build unix

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A Process is a program that one of our Squids started, or Squid itself.
type Process struct {
	PID    int
	Parent int
	// Command is the command line, arguments separated by blanks.
	Command string
}

// Kill sends the signal. That the process is gone already is no error.
func (p Process) Kill(signal syscall.Signal) error {
	if err := syscall.Kill(p.PID, signal); err != nil && err != syscall.ESRCH {
		return err
	}
	return nil
}

// marked returns the processes that have the variable in their environment,
// as NAME=value. Programs inherit it from Squid, so it also finds those whose
// parent is gone, and never a process of somebody else. Process groups do not
// work: with -N Squid puts every helper into a session of its own.
func marked(variable string) []Process {
	var found []Process
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		// A process can go at any moment; then reading fails and it is not ours.
		environ, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !hasVariable(environ, variable) {
			continue
		}
		if p, ok := readProcess(dir); ok {
			found = append(found, p)
		}
	}
	return found
}

func hasVariable(environ []byte, variable string) bool {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if string(entry) == variable {
			return true
		}
	}
	return false
}

func readProcess(dir string) (Process, bool) {
	pid, err := strconv.Atoi(filepath.Base(dir))
	if err != nil {
		return Process{}, false
	}
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Process{}, false
	}
	// proc(5): the name is in parentheses and may hold blanks; the state and
	// the parent follow it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 || fields[0] == "Z" {
		return Process{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return Process{}, false
	}
	command, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return Process{}, false
	}
	words := strings.ReplaceAll(strings.TrimRight(string(command), "\x00"), "\x00", " ")
	return Process{PID: pid, Parent: parent, Command: words}, true
}
