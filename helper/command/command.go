// Package command asks other programs: it runs one for a question that is in its
// arguments, and reads what it says.
package command

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// Bounds of what a program may say, in bytes.
const (
	maxOutput    = 64 << 10
	maxComplaint = 4 << 10
)

// lingers is how long what a killed program left behind may keep its output open.
const lingers = time.Second

// Answer is what a program said.
type Answer struct {
	Output    string // standard output
	Complaint string // standard error, the beginning of it
	Status    int    // exit status
}

// The errors of Run, which name the program.
var (
	errTimeout  = errors.New("did not answer in time")
	errTooMuch  = fmt.Errorf("said more than %d bytes", maxOutput)
	errSignaled = errors.New("was ended by a signal")
)

// environment is the whole environment of a program: its words are to be ours to read.
var environment = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin", "LC_ALL=C"}

// Run runs the program at path until it ends, or ctx is done: then it is killed with
// all that it started. It gets no input. Any exit status is an answer; the error says
// why there is none.
func Run(ctx context.Context, path string, args ...string) (Answer, error) {
	output, complaint := &bounded{limit: maxOutput}, &bounded{limit: maxComplaint}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = environment, output, complaint, lingers
	killAll(cmd)
	err := cmd.Run()
	var exit *exec.ExitError
	switch name := filepath.Base(path); {
	case ctx.Err() != nil:
		return Answer{}, fmt.Errorf("%s %w", name, errTimeout)
	case errors.As(err, &exit) && !exit.Exited():
		return Answer{}, fmt.Errorf("%s %w", name, errSignaled)
	case err != nil && exit == nil: // not started, or what it left behind holds its output
		return Answer{}, err
	case output.more:
		return Answer{}, fmt.Errorf("%s %w", name, errTooMuch)
	}
	return Answer{string(output.kept), string(complaint.kept), cmd.ProcessState.ExitCode()}, nil
}

// bounded keeps the beginning of what is written to it. It has no other method that a
// copier might prefer to Write.
type bounded struct {
	kept  []byte
	limit int
	more  bool
}

// Write never fails, so that the program is not held up.
func (b *bounded) Write(p []byte) (int, error) {
	keep := min(len(p), b.limit-len(b.kept))
	b.more = b.more || keep < len(p)
	b.kept = append(b.kept, p[:keep]...)
	return len(p), nil
}
