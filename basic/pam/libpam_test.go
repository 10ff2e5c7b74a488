//go:build pam && cgo && linux

package pam

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// service is a PAM service of the test's own, made of modules that come with PAM.
type service struct {
	*Backend
	dir string
	log bytes.Buffer
}

// newService writes the lines into the service's file. DIR stands for a directory of
// the test's own, in which files are put by name.
func newService(t *testing.T, opt Options, lines string, files map[string]string) *service {
	t.Helper()
	s := &service{dir: t.TempDir()}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(strings.ReplaceAll(content, "DIR", s.dir)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		write(name, content)
	}
	write("squid", lines)
	opt.Service, opt.ConfigDir = "squid", s.dir
	opt.Log = slog.New(slog.NewTextHandler(&s.log, nil))
	s.Backend = New(opt)
	return s
}

// checkPassword is a program for pam_exec, which gives it the password: secret is right.
const checkPassword = `#!/bin/sh
read -r password
[ "$PAM_USER" != asked ] || echo "$PAM_USER $PAM_SERVICE $PAM_TYPE" >DIR/asked
[ "$password" = secret ]
`

// Of a program that says no pam_exec makes PAM_SYSTEM_ERR, so it is not to decide alone.
const execLines = `auth [success=1 default=ignore] pam_exec.so expose_authtok quiet DIR/check
auth requisite pam_deny.so
auth required pam_permit.so
account required pam_permit.so
`

func TestModules(t *testing.T) {
	check := map[string]string{"check": checkPassword, "users": "alice\nbob\n"}
	tests := []struct {
		name, lines    string
		opt            Options
		user, password string
		outcome        protocol.Outcome
		reason         basic.Reason
	}{
		{"permit", "auth required pam_permit.so\naccount required pam_permit.so\n", Options{}, "alice", "x", protocol.Accepted, basic.Authenticated},
		{"deny", "auth required pam_deny.so\naccount required pam_permit.so\n", Options{}, "alice", "x", protocol.Denied, basic.WrongPassword},
		{"right", execLines, Options{}, "alice", "secret", protocol.Accepted, basic.Authenticated},
		{"wrong", execLines, Options{}, "alice", "guess", protocol.Denied, basic.WrongPassword},
		{"listed", "auth required pam_listfile.so item=user sense=allow file=DIR/users\n" + execLines, Options{}, "bob", "secret", protocol.Accepted, basic.Authenticated},
		{"not listed", "auth required pam_listfile.so item=user sense=allow file=DIR/users\n" + execLines, Options{}, "eve", "secret", protocol.Denied, basic.WrongPassword},
		{"realm", "auth required pam_listfile.so item=user sense=allow file=DIR/users\n" + execLines, Options{StripRealm: true}, "bob@EXAMPLE", "secret", protocol.Accepted, basic.Authenticated},
		{"account expired", "auth required pam_permit.so\naccount required pam_debug.so acct=acct_expired\n", Options{}, "root", "x", protocol.Denied, basic.AccountExpired},
		{"password expired", "auth required pam_permit.so\naccount required pam_debug.so acct=new_authtok_reqd\n", Options{}, "root", "x", protocol.Denied, basic.PasswordMustChange},
		{"account not asked", "auth required pam_permit.so\naccount required pam_debug.so acct=acct_expired\n", Options{NoAccount: true}, "root", "x", protocol.Accepted, basic.Authenticated},
		{"no account lines", "auth required pam_permit.so\n", Options{}, "root", "x", protocol.Denied, basic.LogonRefused},
		{"permission", "auth required pam_debug.so auth=perm_denied\n", Options{}, "root", "x", protocol.Denied, basic.LogonRefused},
		{"tries", "auth required pam_debug.so auth=maxtries\n", Options{}, "root", "x", protocol.Denied, basic.AccountLocked},
		{"unknown", "auth required pam_debug.so auth=user_unknown\n", Options{}, "root", "x", protocol.Denied, basic.NoSuchUser},
		{"no rights", "auth required pam_debug.so auth=cred_insufficient\n", Options{}, "root", "x", protocol.Unavailable, basic.ServiceAccount},
		{"server down", "auth required pam_debug.so auth=authinfo_unavail\n", Options{}, "root", "x", protocol.Unavailable, basic.Unavailable},
		{"abort", "auth required pam_debug.so auth=abort\n", Options{}, "root", "x", protocol.Unavailable, basic.Unavailable},
		{"no such module", "auth required pam_nonesuch.so\n", Options{}, "alice", "x", protocol.Unavailable, basic.Unavailable},
		{"nothing", "", Options{}, "alice", "x", protocol.Denied, basic.LogonRefused},
		{"only a program", "auth required pam_exec.so expose_authtok quiet DIR/check\n", Options{}, "alice", "guess", protocol.Unavailable, basic.Unavailable},
		{"garbage", "auth what ever\n\x00\xff", Options{}, "alice", "x", protocol.Unavailable, basic.Unavailable},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t, c.opt, c.lines, check)
			v := s.Authenticate(t.Context(), c.user, protocol.Secret(c.password))
			mustBe(t, v, c.outcome, c.reason)
			if cause := v.Cause(); cause != nil && (!strings.Contains(cause.Error(), "service squid") || strings.HasSuffix(cause.Error(), ": ")) {
				t.Errorf("cause: %v", cause)
			}
		})
	}
}

// TestEveryCode has a module return each of PAM's codes: none but success lets in.
func TestEveryCode(t *testing.T) {
	codes := strings.Fields(`open_err symbol_err service_err system_err buf_err perm_denied auth_err cred_insufficient
		authinfo_unavail user_unknown maxtries new_authtok_reqd acct_expired session_err cred_unavail cred_expired cred_err
		no_module_data conv_err authtok_err authtok_recover_err authtok_lock_busy authtok_disable_aging try_again ignore
		abort authtok_expired module_unknown bad_item conv_again incomplete`)
	for _, code := range codes {
		for _, lines := range []string{
			"auth required pam_debug.so auth=" + code + "\naccount required pam_permit.so\n",
			"auth required pam_permit.so\naccount required pam_debug.so acct=" + code + "\n",
		} {
			if v := newService(t, Options{}, lines, nil).Authenticate(t.Context(), "root", "x"); v.Outcome() == protocol.Accepted {
				t.Errorf("%q lets in", lines)
			}
		}
	}
}

// TestNoService: neither the service nor "other" has a file.
func TestNoService(t *testing.T) {
	b := New(Options{Service: "squid", ConfigDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	mustBe(t, b.Authenticate(t.Context(), "alice", "x"), protocol.Unavailable, basic.Unavailable)
}

// TestConversation: a module that talks does not fail for it, as with the C helper,
// and what it says is in the log.
func TestConversation(t *testing.T) {
	lines := "auth optional pam_echo.so file=DIR/text\n" + execLines
	s := newService(t, Options{}, lines, map[string]string{"check": checkPassword, "text": "Bitte \x1b[31mwarten\n"})
	mustBe(t, s.Authenticate(t.Context(), "alice", "secret"), protocol.Accepted, basic.Authenticated)
	mustBe(t, s.Authenticate(t.Context(), "alice", "guess"), protocol.Denied, basic.WrongPassword)
	if log := s.log.String(); strings.Count(log, "warten") != 1 || strings.Contains(log, "\x1b") {
		t.Errorf("log: %s", log)
	}
	long := newService(t, Options{}, lines, map[string]string{"check": checkPassword, "text": strings.Repeat("x", 5000)})
	mustBe(t, long.Authenticate(t.Context(), "alice", "secret"), protocol.Accepted, basic.Authenticated)
}

// TestTold: what modules learn.
func TestTold(t *testing.T) {
	s := newService(t, Options{}, execLines, map[string]string{"check": checkPassword})
	mustBe(t, s.Authenticate(t.Context(), "asked", "secret"), protocol.Accepted, basic.Authenticated)
	told, err := os.ReadFile(filepath.Join(s.dir, "asked"))
	if err != nil || string(told) != "asked squid auth\n" {
		t.Errorf("%q, %v", told, err)
	}
}

// TestFailDelay: PAM's own delay does not keep the thread.
func TestFailDelay(t *testing.T) {
	s := newService(t, Options{}, "auth optional pam_faildelay.so delay=1000000000\nauth required pam_deny.so\n", nil)
	a := inquire(s.opt, "alice", "x")
	if a.status != wrongPassword || a.delay < 100*time.Second {
		t.Errorf("%+v", a)
	}
	s = newService(t, Options{}, "auth optional pam_faildelay.so delay=1000000000\nauth required pam_permit.so\naccount required pam_permit.so\n", nil)
	if a := inquire(s.opt, "alice", "x"); a.status != accepted || a.delay != 0 {
		t.Errorf("%+v", a)
	}
}

// TestConcurrent: users side by side, each with an answer of their own.
func TestConcurrent(t *testing.T) {
	s := newService(t, Options{}, execLines, map[string]string{"check": checkPassword})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 10 {
				password, want := protocol.Secret("secret"), protocol.Accepted
				if (i+n)%2 == 0 {
					password, want = "guess", protocol.Denied
				}
				if v := s.Authenticate(t.Context(), fmt.Sprint("user", i), password); v.Outcome() != want {
					t.Errorf("user%d: %v %v", i, v.Outcome(), v.Cause())
				}
			}
		})
	}
	all.Wait()
}

// TestHangingModule: a module waits for a program that waits for a pipe.
func TestHangingModule(t *testing.T) {
	s := newService(t, Options{Threads: 1}, execLines, map[string]string{"check": "#!/bin/sh\nread -r x <DIR/pipe\n"})
	pipe := filepath.Join(s.dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	mustBe(t, s.Authenticate(ctx, "alice", "secret"), protocol.Unavailable, basic.Unavailable)
	mustBe(t, s.Authenticate(t.Context(), "alice", "secret"), protocol.Unavailable, basic.Unavailable) // at once
	if err := os.WriteFile(pipe, []byte("\n"), 0); err != nil {                                        // it comes back
		t.Fatal(err)
	}
	s.busy <- struct{}{} // given back by the thread
	<-s.busy
	if n := s.lost.Load(); n != 0 {
		t.Errorf("%d threads count as lost", n)
	}
}

// newOdd is a service with the module of testdata, which behaves like that.
func newOdd(t *testing.T, how string) *service {
	t.Helper()
	s := newService(t, Options{NoAccount: true}, "auth required DIR/pam_odd.so "+how+"\n", nil)
	cc := exec.Command("cc", "-shared", "-fPIC", "-o", filepath.Join(s.dir, "pam_odd.so"), "testdata/pam_odd.c", "-lpam")
	if out, err := cc.CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return s
}

// TestOddModules: whatever modules ask, they get an answer, and what only a person
// could answer is nobody's fault.
func TestOddModules(t *testing.T) {
	for how, want := range map[string]basic.Reason{
		"together": basic.Authenticated,
		"echo_on":  basic.Authenticated,
		"most":     basic.Authenticated,
		"talk":     basic.Authenticated,
		"tells":    basic.WrongPassword,
		"binary":   basic.Unavailable,
		"radio":    basic.Unavailable,
		"for_ever": basic.Unavailable,
		"too_many": basic.Unavailable,
		"none":     basic.Unavailable,
		"aborts":   basic.Unavailable,
	} {
		t.Run(how, func(t *testing.T) {
			s := newOdd(t, how)
			v := s.Authenticate(t.Context(), "alice", "secret")
			if v.Reason() != want || (v.Outcome() == protocol.Accepted) != (want == basic.Authenticated) {
				t.Errorf("%v %s %v", v.Outcome(), v.Reason(), v.Cause())
			}
			if cause := fmt.Sprint(v.Cause()); want == basic.Unavailable && strings.Contains(cause, "more than a user and a password") == (how == "aborts") {
				t.Errorf("cause: %s", cause)
			}
			if strings.Contains(s.log.String(), "secret") {
				t.Errorf("the log has the password: %s", &s.log)
			}
			if how == "together" {
				mustBe(t, s.Authenticate(t.Context(), "alice", "guess"), protocol.Denied, basic.WrongPassword)
				if log := s.log.String(); !strings.Contains(log, "please wait") || !strings.Contains(log, "too late") {
					t.Errorf("log: %s", log)
				}
			}
		})
	}
}

// shieldedIn names, in the environment, the service directory of a process that plays
// TestShield's other part.
const shieldedIn = "PAM_TEST_SHIELDED_IN"

// TestShield: what a module's program writes is no reply, and Squid's requests are
// nothing for it to read.
func TestShield(t *testing.T) {
	if dir := os.Getenv(shieldedIn); dir != "" {
		shielded(t, dir)
	}
	s := newOdd(t, "noisy")
	cmd := exec.Command(os.Args[0], "-test.run=^TestShield$")
	cmd.Env = append(os.Environ(), shieldedIn+"="+s.dir)
	cmd.Stdin = strings.NewReader("request\n")
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Errorf("%v\n%s", err, &log)
	}
	if out.String() != "request\n" || !strings.Contains(log.String(), "intruder") {
		t.Errorf("Squid reads %q, the log has %q", &out, &log)
	}
}

// shielded lets a module's program speak, and then passes its input on.
func shielded(t *testing.T, dir string) {
	in, out, err := Shield()
	if err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink("/proc/self/fd/0"); err != nil || target != "/dev/null" {
		t.Fatalf("descriptor 0 is %s, %v", target, err)
	}
	if a := inquire(Options{Service: "squid", ConfigDir: dir, NoAccount: true}, "alice", "x"); a.status != accepted {
		t.Fatalf("%+v", a)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	os.Exit(0)
}
