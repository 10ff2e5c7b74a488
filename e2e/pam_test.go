//go:build unix

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"squidauth/e2e"
)

// execService has a program decide, by way of pam_exec, which knows no other words for
// its no than that something is broken.
const execService = `auth [success=1 default=ignore] pam_exec.so expose_authtok quiet DIR/check
auth requisite pam_deny.so
auth required pam_permit.so
account required pam_permit.so
`

// checkAlice is such a program. It lingers over slow until somebody writes to a pipe.
const checkAlice = `#!/bin/sh
read -r password
[ "$PAM_USER" != slow ] || read -r x <DIR/pipe
[ "$PAM_USER/$password" = alice/alices-secret ]
`

// TestPAMModules has each of several modules decide, under Squid, with each command
// line by which PAM can be reached.
func TestPAMModules(t *testing.T) {
	t.Parallel()
	basic := programs.WithPAM(t)
	users := []e2e.User{{Name: "alice", Password: "alices-secret"}}
	dir := e2e.PAMServices(t, map[string]string{
		"exec":   execService,
		"check":  checkAlice,
		"listed": "auth required pam_listfile.so item=user sense=allow file=DIR/users onerr=fail\n" + execService,
		"users":  "alice\nbob\n",
		"userdb": "auth required pam_userdb.so db=DIR/accounts\naccount required pam_permit.so\n",
		"deny":   "auth required pam_deny.so\naccount required pam_deny.so\n",
		"permit": "auth required pam_permit.so\naccount required pam_permit.so\n",
	})
	load := exec.Command(e2e.Need(t, "db_load"), "-T", "-t", "hash", filepath.Join(dir, "accounts.db"))
	load.Stdin = strings.NewReader("alice\nalices-secret\n")
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("db_load: %v: %s", err, out)
	}
	if err := os.Chmod(filepath.Join(dir, "accounts.db"), 0o644); err != nil {
		t.Fatal(err)
	}
	dropIn := programs.As(t, "basic", "basic_pam_auth")
	for name, variant := range map[string]struct {
		command, children string
		right, wrong      bool // let in
	}{
		"exec":                   {basic + " pam --config-dir " + dir + " --service exec", "5 startup=2 idle=1", true, false},
		"listed, concurrency":    {basic + " --concurrency 20 pam --config-dir " + dir + " --service listed", "2 startup=1 concurrency=20", true, false},
		"userdb":                 {basic + " pam --config-dir " + dir + " --service userdb", "2 startup=1", true, false},
		"by the C helper's name": {dropIn + " --config-dir=" + dir + " -n exec -t 3600", "2 startup=1", true, false},
		"deny":                   {dropIn + " --config-dir=" + dir + " -n deny -o", "1 startup=1", false, false},
		"permit":                 {dropIn + " --config-dir=" + dir + " -n permit", "1 startup=1", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{
				Auth:    []string{e2e.Basic(variant.command, variant.children)},
				Secrets: append(e2e.Secrets(users), "not-a-secret"),
			})
			for _, try := range []struct {
				answers []e2e.Answer
				letIn   bool
			}{
				{squid.Curl(t, right(origin, users[0])), variant.right},
				{squid.Curl(t, wrong(origin, users[0], "not-a-secret"), e2e.Request{URL: origin.URL(), User: "bob", Password: users[0].Password}), variant.wrong},
			} {
				if try.letIn {
					mustFetch(t, origin, try.answers)
				} else {
					mustRefuse(t, origin, try.answers)
				}
			}
			if strings.Contains(squid.CacheLog(), "undecided") {
				t.Error("a refusal was none")
			}
		})
	}
}

// TestPAMHangs has a module wait for somebody who does not answer: those who are asked
// for there get no answer, in time; all others get theirs; and when it is back it is as
// if nothing had happened.
func TestPAMHangs(t *testing.T) {
	t.Parallel()
	basic := programs.WithPAM(t)
	alice, slow := e2e.User{Name: "alice", Password: "alices-secret"}, e2e.User{Name: "slow", Password: "slows-secret"}
	dir := e2e.PAMServices(t, map[string]string{"squid": execService, "check": checkAlice})
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Basic(basic+" --concurrency 20 --timeout 2s pam --threads 8 --config-dir "+dir, "1 startup=1 concurrency=20")},
		Secrets: e2e.Secrets([]e2e.User{alice, slow}),
	})
	mustFetch(t, origin, squid.Curl(t, right(origin, alice)))
	before := squid.Helpers()
	hanging := make(chan []e2e.Answer)
	go func() { hanging <- squid.Curl(t, right(origin, slow)) }()
	e2e.Eventually(t, soon, "a module hangs", func() bool { // Squid asks thrice
		return strings.Contains(squid.CacheLog(), "reason=server-unavailable")
	})
	for range 5 {
		mustFetch(t, origin, squid.Curl(t, right(origin, alice)))
		mustRefuse(t, origin, squid.Curl(t, wrong(origin, alice, "x"))) // Squid forgets the right one
	}
	mustRefuse(t, origin, <-hanging)
	if log := squid.CacheLog(); strings.Contains(log, "login refused user=slow") || !strings.Contains(log, "did not answer in time") {
		t.Errorf("the log does not say what happened:\n%s", log)
	}
	release(t, pipe, 3)
	e2e.Eventually(t, soon, "the modules work", func() bool {
		answers := squid.Curl(t, right(origin, alice), wrong(origin, alice, "x"))
		return answers[0].Fetched() && answers[1].Refused()
	})
	if after := squid.Helpers(); len(after) != 1 || after[0].PID != before[0].PID {
		t.Errorf("helpers before %v, now %v", before, after)
	}
}

// release lets so many programs go on that wait for the pipe.
func release(t *testing.T, pipe string, programs int) {
	t.Helper()
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // not before they have read
	if _, err := f.WriteString(strings.Repeat("\n", programs)); err != nil {
		t.Fatal(err)
	}
}

// TestPAMSetuid: as a set-user-ID program it would load modules for anybody.
func TestPAMSetuid(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		e2e.Lacking(t, "only root can make a set-user-ID program")
	}
	basic := programs.WithPAM(t)
	program, err := os.ReadFile(basic + "-pam")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(e2e.Dir(t), "basic-pam")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "pam", "--config-dir", e2e.Dir(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "must not be set-user-ID") {
		t.Errorf("%v: %s", err, out)
	}
}
