package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"squidauth/cmd/internal/dialogue"
)

func TestMain(m *testing.M) {
	if strings.HasPrefix(os.Args[0], "(") { // started by the command squid
		main()
	}
	testscript.Main(m, map[string]func(){"basic": main, "basic_ncsa_auth": main, "ncsa_auth": main})
}

// TestScripts plays testdata/*.txt. Besides what testscript knows they have
//
//	squid SESSION PROGRAM ARG…
//
// which runs the program as Squid does and plays the session of that file with
// it. What the program wrote to standard error can be held against patterns with
// "stderr".
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"squid": squid},
	})
}

func squid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: squid SESSION PROGRAM ARG…")
	}
	session, err := dialogue.Parse(ts.ReadFile(args[0]))
	ts.Check(err)
	path, err := lookPath(ts.Getenv("PATH"), args[1])
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Args[0] = "(" + args[1] + ")" // as Squid does
	cmd.Dir = ts.Getenv("WORK")
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
