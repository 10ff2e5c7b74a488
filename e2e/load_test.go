//go:build unix

package e2e_test

import (
	"testing"

	"squidauth/e2e"
)

// How much TestManyClients does, and that every user belongs to one client:
// Squid keeps one record for a name, so that a right and a wrong password for
// one name at one time would test Squid and not the helper.
const (
	clients         = 20
	perClient       = 50
	usersPerClient  = 10
	clientUserTotal = clients * usersPerClient
)

// TestManyClients has every request answered, by the answer to that request.
func TestManyClients(t *testing.T) {
	t.Parallel()
	users := mixedUsers(t, clientUserTotal)
	file := e2e.PasswordFile(t, users)
	for name, variant := range map[string]struct {
		options  []string
		children string
	}{
		"concurrency 0":  {nil, "5 startup=2 idle=1"},
		"concurrency 20": {[]string{"--concurrency 20"}, "5 startup=2 idle=1 concurrency=20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := ncsa(t, file, variant.options...)
			testManyClients(t, e2e.Basic(command, variant.children), users)
		})
	}
}

func testManyClients(t *testing.T, auth string, users []e2e.User) {
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{auth}, Secrets: e2e.Secrets(users)})
	lists := make([][]e2e.Request, clients)
	ours := make(map[string]bool) // whether the URL was asked for with the right password
	for client := range clients {
		for n := range perClient {
			r, isRight := clientRequest(origin, users, client, n)
			lists[client] = append(lists[client], r)
			ours[r.URL] = isRight
		}
	}
	answers := squid.Parallel(t, lists...)
	var good, bad []e2e.Answer
	for _, a := range answers {
		if ours[a.URL] {
			good = append(good, a)
		} else {
			bad = append(bad, a)
		}
	}
	mustFetch(t, origin, good)
	mustRefuse(t, origin, bad)
	if len(answers) != clients*perClient {
		t.Errorf("%d answers, want %d", len(answers), clients*perClient)
	}
	if asked := squid.Asked(t, report); asked != clients*perClient {
		t.Errorf("the helpers were asked %d times, want %d", asked, clients*perClient)
	}
	mustLogAll(t, squid, answers)
}

// clientRequest makes the n-th request of a client. A user's requests have the
// right and a wrong password by turns: after a wrong one Squid has forgotten the
// right one, so that every request is a question to the helper.
func clientRequest(origin *e2e.Origin, users []e2e.User, client, n int) (r e2e.Request, isRight bool) {
	own := users[client*usersPerClient:][:usersPerClient]
	u, turn := own[n%usersPerClient], n/usersPerClient
	switch {
	case (n+turn)%2 == 0:
		return right(origin, u), true
	case n%3 == 0:
		return wrong(origin, u, "not-a-password"), false
	case n%3 == 1: // another's password, who sends it at about this time
		return wrong(origin, u, users[(client*usersPerClient+n+usersPerClient)%len(users)].Password), false
	default:
		return wrong(origin, u, u.Password+"x"), false
	}
}

// mustLogAll waits until access.log has all requests, and compares status and
// user of every one with what the client saw.
func mustLogAll(t *testing.T, squid *e2e.Squid, answers []e2e.Answer) {
	t.Helper()
	logged := squid.AccessLogs()
	e2e.Eventually(t, soon, "all requests are in access.log", func() bool {
		logged = squid.AccessLogs()
		for _, a := range answers {
			if _, ok := logged[a.URL]; !ok {
				return false
			}
		}
		return true
	})
	for _, a := range answers {
		if line := logged[a.URL]; line.Status != a.Status || line.User != a.User {
			t.Errorf("%s asked by %s, status %d: access.log has %+v", a.URL, a.User, a.Status, line)
		}
	}
}
