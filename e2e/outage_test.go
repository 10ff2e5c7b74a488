//go:build unix

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
)

// A service is what a helper asks.
type service interface {
	Stop(testing.TB)
	Start(testing.TB)
	Freeze(testing.TB)
	Resume(testing.TB)
}

// back is how soon after the service the helper must let users in again.
const back = 5 * time.Second

// outageUsers are enough for Squid to have to ask for each.
func outageUsers() []e2e.User {
	var users []e2e.User
	for n := range 12 {
		users = append(users, e2e.User{Name: fmt.Sprintf("user%d", n), Password: fmt.Sprintf("secret-of-%d", n)})
	}
	return users
}

// testOutage has the service stopped, frozen and frozen by turns while many log in. Of
// a right password the helper never says that it is wrong. It goes on by itself, and
// does not end.
func testOutage(t *testing.T, command string, env []string, s service, users []e2e.User) {
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth: []string{e2e.Basic(command, "1 startup=1 concurrency=20")}, Env: env, Secrets: e2e.Secrets(users),
	})
	login := func(u e2e.User) bool { return squid.Curl(t, right(origin, u))[0].Fetched() }
	if !login(users[0]) {
		t.Fatal("no login to begin with")
	}
	before := pids(squid)

	s.Stop(t)
	mustRefuse(t, origin, squid.Curl(t, right(origin, users[1])))
	s.Start(t)
	e2e.Eventually(t, back, "a login after the restart", func() bool { return login(users[1]) })

	s.Freeze(t)
	mustRefuse(t, origin, squid.Parallel(t, []e2e.Request{right(origin, users[2])}, []e2e.Request{right(origin, users[3])}))
	s.Resume(t)
	e2e.Eventually(t, back, "a login after the thaw", func() bool { return login(users[3]) })

	load := squid.StartLoad(t, 4, func(client, n int) e2e.Request { return right(origin, users[4+client+n%2*4]) })
	for range 3 {
		// Whoever was asking when the service was frozen the last time is served first:
		// saslauthd may answer that it cannot tell then, and Squid asks three times only.
		e2e.Eventually(t, soon, "logins under load", load.Turn())
		s.Freeze(t)
		time.Sleep(100 * time.Millisecond) // a slow service: well within the time limit
		s.Resume(t)
	}
	mustFetch(t, origin, load.Stop(t))

	if log := squid.CacheLog(); strings.Contains(log, "outcome=ERR") || !strings.Contains(log, "outcome=BH") {
		t.Error("a right password was refused, or nothing was undecided")
	}
	if after := pids(squid); !slices.Equal(before, after) {
		t.Errorf("the helper was restarted: %v, %v", before, after)
	}
}
