//go:build unix

package e2e_test

import (
	"strings"
	"syscall"
	"testing"

	"squidauth/e2e"
)

// TestReconfigure has Squid read its configuration again and again, by which it
// starts new helpers and lets the old ones go, with requests under way.
func TestReconfigure(t *testing.T) {
	t.Parallel()
	const reconfigurations = 4
	users := slowUsers(t, 24, 6)
	for name, variant := range map[string]struct {
		options  []string
		children string
	}{
		"concurrency 0":  {nil, "5 startup=2 idle=1"},
		"concurrency 20": {[]string{"--concurrency 20"}, "5 startup=2 idle=1 concurrency=20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := ncsa(t, e2e.PasswordFile(t, users), variant.options...)
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{
				Auth:    []string{e2e.Basic(command, variant.children)},
				Secrets: e2e.Secrets(users),
			})
			load := squid.StartLoad(t, loadClients, inTurn(origin, users))
			for round := range reconfigurations {
				e2e.Eventually(t, soon, "a helper is at work", func() bool { return squid.Unanswered(t, report) > 0 })
				reconfigure(t, squid, round%2 == 0)
			}
			count := load.Count()
			e2e.Eventually(t, soon, "answers after the last time", func() bool { return load.Count() >= count+2*loadClients })
			// A client can have a second request in the same short time.
			answers := retryUnheard(t, squid, load.Stop(t), reconfigurations*loadClients*2)
			good, bad := split(answers)
			mustFetch(t, origin, good)
			mustRefuse(t, origin, bad)
			mustLogAll(t, squid, answers)
		})
	}
}

// reconfigure waits until Squid has done it and listens again.
func reconfigure(t *testing.T, squid *e2e.Squid, bySignal bool) {
	t.Helper()
	const listens = "Accepting HTTP Socket connections"
	before := strings.Count(squid.CacheLog(), listens)
	if bySignal {
		squid.Signal(t, syscall.SIGHUP)
	} else {
		squid.Control(t, "reconfigure")
	}
	e2e.Eventually(t, soon, "Squid listens again", func() bool {
		return strings.Count(squid.CacheLog(), listens) > before
	})
}

// retryUnheard repeats two kinds of requests, so that the answers are those
// that a patient client gets. The first never got to Squid, because its port
// was closed for a moment: no answer came, and access.log knows nothing of
// them. The second Squid 5.7 refuses of itself: a request whose login is being
// checked while the configuration is replaced gets 403, or 407 for want of a
// scheme, whatever the helper says (Checklist.cc prepNonBlocking, "accessList
// is invalid"); access.log shows no user then. A request that Squid left
// without an answer, or for which the helper said no, stays as it is.
func retryUnheard(t *testing.T, squid *e2e.Squid, answers []e2e.Answer, most int) []e2e.Answer {
	t.Helper()
	logged := squid.AccessLogs()
	var heard []e2e.Answer
	var again []e2e.Request
	closed, dropped := 0, 0
	for _, a := range answers {
		line, known := logged[a.URL]
		switch {
		case a.Status == 0 && a.Exit != 0 && !known:
			closed++
		case (a.Status == 403 || a.Status == 407) && known && line.User == "":
			dropped++
		default:
			heard = append(heard, a)
			continue
		}
		again = append(again, a.Request)
	}
	t.Logf("of %d requests %d found the port closed and %d were dropped by Squid", len(answers), closed, dropped)
	if dropped > most {
		t.Errorf("Squid dropped %d requests, at most %d could be under way", dropped, most)
	}
	if len(again) > 0 {
		heard = append(heard, squid.Curl(t, again...)...)
	}
	return heard
}
