//go:build unix

package e2e_test

import (
	"syscall"
	"testing"

	"squidauth/e2e"
)

// noStartup is for tests that end helpers: with startup above 0 Squid ends
// itself when a helper is gone that had answered nothing yet, and fewer than
// startup are left ("helpers are crashing too rapidly").
const noStartup = "5 startup=0 idle=1"

// variants are the two ways in which Squid can talk to a helper; children is
// for tests that end helpers.
var variants = map[string]struct {
	options  []string
	children string
}{
	"concurrency 0":  {nil, noStartup},
	"concurrency 20": {[]string{"--concurrency 20"}, noStartup + " concurrency=20"},
}

// unanswered is how many requests the helpers have at one time in tests that
// end helpers: less than there are children, so that none waits in Squid.
const unanswered = 4

// endRounds is how often tests that end helpers do so.
const endRounds = 2

// startForEnding starts a Squid for a test that ends helpers. It returns users
// whose passwords take long and one whose password takes no time.
func startForEnding(t *testing.T, options []string, children string) (s *e2e.Squid, o *e2e.Origin, slow []e2e.User, fast e2e.User) {
	t.Helper()
	slow, fast = slowUsers(t, unanswered, 12), e2e.MD5User("fast", "fast-secret")
	command := ncsa(t, e2e.PasswordFile(t, append(slow, fast)), options...)
	s = e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Basic(command, children)},
		Secrets: []string{slow[0].Password, fast.Password},
	})
	return s, e2e.StartOrigin(t), slow, fast
}

// atWork sends a request of each user at the same time, and returns when the
// helpers have been busy with all of them for a moment. The function that it
// returns waits for the answers.
//
// No request may come to Squid while a helper ends. Squid 5.7 has a moment in
// which it has closed the connection to a helper that is gone and still picks
// this helper for a request; it then aborts ("assertion failed: Write.cc:40").
// That has nothing to do with what the helper does before it ends.
func atWork(t *testing.T, squid *e2e.Squid, origin *e2e.Origin, users []e2e.User) func() []e2e.Answer {
	t.Helper()
	// The wrong passwords see to it that enough helpers have started, and that
	// Squid asks them for the right ones.
	var wrongs, rights [][]e2e.Request
	for _, u := range users {
		wrongs = append(wrongs, []e2e.Request{wrong(origin, u, "not-a-password")})
		rights = append(rights, []e2e.Request{right(origin, u)})
	}
	mustRefuse(t, origin, squid.Parallel(t, wrongs...))
	var answers []e2e.Answer
	done := make(chan struct{})
	go func() {
		defer close(done)
		answers = squid.Parallel(t, rights...)
	}()
	t.Cleanup(func() { <-done })
	// Several looks, for a helper may not have read yet what Squid has sent.
	looks := 0
	e2e.Eventually(t, soon, "all requests are with the helpers", func() bool {
		if looks++; squid.Unanswered(t, report) != len(users) {
			looks = 0
		}
		return looks == 3
	})
	return func() []e2e.Answer {
		<-done
		return answers
	}
}

// TestKilledHelper kills helpers that are at work. Squid refuses what they had
// not answered, which nothing can prevent; nobody may wait for ever, and
// afterwards everything must be as before.
func TestKilledHelper(t *testing.T) {
	t.Parallel()
	for name, variant := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin, slow, fast := startForEnding(t, variant.options, variant.children)
			for range endRounds {
				answers := atWork(t, squid, origin, slow)
				killed := squid.Busy(t, report)[0]
				if err := syscall.Kill(killed.PID, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				mustLose(t, origin, answers(), killed.Requests-killed.Replies)
				mustServe(t, squid, origin, fast)
			}
		})
	}
}

// mustLose fails the test unless so many of the answers are Squid's 407 and all
// the others the origin's.
func mustLose(t *testing.T, origin *e2e.Origin, answers []e2e.Answer, lost int) {
	t.Helper()
	var good, bad []e2e.Answer
	for _, a := range answers {
		if a.Status == 407 {
			bad = append(bad, a)
		} else {
			good = append(good, a)
		}
	}
	mustFetch(t, origin, good)
	mustRefuse(t, origin, bad)
	if len(bad) != lost {
		t.Errorf("%d requests refused, want the %d that the killed helper had", len(bad), lost)
	}
}

// mustServe fails the test unless logins work as ever.
func mustServe(t *testing.T, squid *e2e.Squid, origin *e2e.Origin, u e2e.User) {
	t.Helper()
	for range 5 {
		mustRefuse(t, origin, squid.Curl(t, wrong(origin, u, "not-a-password")))
		mustFetch(t, origin, squid.Curl(t, right(origin, u)))
	}
}

// TestTerminatedHelpers sends SIGTERM to all helpers while they are at work. They
// answer what they have read, end, and Squid starts others.
func TestTerminatedHelpers(t *testing.T) {
	t.Parallel()
	if *cHelper {
		t.Skip("SIGTERM ends the C helper in the middle of its work")
	}
	for name, variant := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin, slow, fast := startForEnding(t, variant.options, variant.children)
			for range endRounds {
				answers := atWork(t, squid, origin, slow)
				terminateAll(t, squid)
				mustFetch(t, origin, answers())
				mustServe(t, squid, origin, fast)
			}
		})
	}
}

// terminateAll asks every helper to end and waits until all have, and until
// Squid knows.
func terminateAll(t *testing.T, squid *e2e.Squid) {
	t.Helper()
	old := make(map[int]bool)
	for _, helper := range squid.Helpers() {
		old[helper.PID] = true
		if err := helper.Kill(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	if len(old) == 0 {
		t.Error("no helpers to end")
	}
	e2e.Eventually(t, soon, "the helpers end", func() bool {
		for _, helper := range squid.Helpers() {
			if old[helper.PID] {
				return false
			}
		}
		for _, helper := range squid.Stats(t, report) {
			if old[helper.PID] {
				return false
			}
		}
		return true
	})
}
