// Package dialoguetest gives testscripts a command that plays sessions.
package dialoguetest

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"squidauth/cmd/internal/dialogue"
)

// Squid is the testscript command
//
//	squid SESSION PROGRAM ARG…
//
// which runs the program as Squid does, with its name in parentheses, and plays
// the session of that file with it. What processes share by default lies in the script's
// own folder. Of the script's environment it has the PATH. What the program wrote to
// standard error can be held against patterns with "stderr".
func Squid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: squid SESSION PROGRAM ARG…")
	}
	session, err := dialogue.Parse(ts.ReadFile(args[0]))
	ts.Check(err)
	path, err := lookPath(ts.Getenv("PATH"), args[1])
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Args[0] = "(" + args[1] + ")"
	cmd.Dir = ts.Getenv("WORK")
	// No script meets another's state.
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+cmd.Dir, "PATH="+ts.Getenv("PATH"))
	cmd.Stderr = ts.Stderr()
	ts.Check(session.Play(cmd, ts.Stdout()))
}

// lookPath finds the program where testscript put it.
func lookPath(path, name string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}
