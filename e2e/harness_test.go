//go:build unix

package e2e_test

import (
	"os"
	"syscall"
	"testing"

	"squidauth/e2e"
)

// TestHarness shows that the harness works with a helper that is known to
// work, so that a failure elsewhere is not the harness's.
func TestHarness(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(cHelperPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	origin := e2e.StartOrigin(t)
	users := []e2e.User{e2e.MD5User("alice", "kept-by-md5"), e2e.APR1User("bob", "kept-by-apr1", "salt")}
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Basic(cHelperPath+" "+e2e.PasswordFile(t, users), "2 startup=1")},
		Secrets: e2e.Secrets(users),
	})
	mustFetch(t, origin, squid.Curl(t, right(origin, users[0]), right(origin, users[1])))
	mustRefuse(t, origin, squid.Curl(t, wrong(origin, users[0], users[1].Password)))
	if helpers := squid.Helpers(); len(helpers) != 1 {
		t.Errorf("helpers: %v, want one", helpers)
	}
	// The gentle way, which takes Squid some seconds; the other tests use SIGINT.
	squid.Stop(t, syscall.SIGTERM)
}

// TestAlarms shows that a log with each kind of trouble would fail a test.
func TestAlarms(t *testing.T) {
	for _, line := range []string{
		"2026/01/01 00:00:00 kid1| FATAL: The basicauthenticator helpers are crashing too rapidly, need help!",
		"2026/01/01 00:00:00| assertion failed: helper.cc:1118: \"skip == 0 && eom == NULL\"",
		"2026/01/01 00:00:00| ERROR: NTLM Authentication Helper crashed",
		"2026/01/01 00:00:00| helperHandleRead: unexpected reply on channel 0 from basicauthenticator #Hlpr1",
		"panic: runtime error: index out of range [1] with length 1",
		"goroutine 7 [running]:",
	} {
		if len(e2e.Alarms(line+"\n")) != 1 {
			t.Errorf("not alarming: %s", line)
		}
	}
	if found := e2e.Alarms("2026/01/01 00:00:00| WARNING: basicauthenticator #Hlpr1 exited\n"); found != nil {
		t.Errorf("alarming: %s", found)
	}
}
