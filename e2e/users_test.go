//go:build unix

package e2e_test

import (
	"fmt"
	"testing"

	"squidauth/e2e"
)

// hashed makes a user with one of the kinds of hash that take no time, another
// for every n.
func hashed(n int, name, password string) e2e.User {
	switch {
	case n%3 == 0:
		return e2e.MD5User(name, password)
	case n%3 == 1 && !*cHelper: // which knows no {SHA}
		return e2e.SHAUser(name, password)
	default:
		return e2e.APR1User(name, password, fmt.Sprintf("%08d", n))
	}
}

// mixedUsers makes users of whom some few take the helper much longer than the
// others, so that answers come in another order than questions.
func mixedUsers(t *testing.T, count int) []e2e.User {
	t.Helper()
	var users []e2e.User
	for i := range count {
		name, password := fmt.Sprintf("user-%d", i), fmt.Sprintf("password-of-%d", i)
		if i%9 == 0 {
			users = append(users, e2e.BcryptUser(t, name, password, 5))
		} else {
			users = append(users, hashed(i, name, password))
		}
	}
	return users
}

// slowUsers makes users whose passwords keep a helper busy. They have one
// password, as making a slow hash takes time too.
func slowUsers(t *testing.T, count, cost int) []e2e.User {
	t.Helper()
	one := e2e.BcryptUser(t, "", "slow-secret", cost)
	var users []e2e.User
	for i := range count {
		users = append(users, e2e.User{Name: fmt.Sprint("slow-", i), Password: one.Password, Hash: one.Hash})
	}
	return users
}

// loadClients is how many clients send requests while something happens.
const loadClients = 6

// inTurn has every client use its own users one after the other, each with the
// right password and then with a wrong one. The wrong one makes Squid forget the
// right one; it would otherwise not ask the helper again for as long as the user
// is at work, since every request adds another credentialsttl.
func inTurn(origin *e2e.Origin, users []e2e.User) func(client, n int) e2e.Request {
	each := len(users) / loadClients
	return func(client, n int) e2e.Request {
		u := users[client*each+n/2%each]
		if n%2 == 1 {
			return wrong(origin, u, "not-a-password")
		}
		return right(origin, u)
	}
}

// split returns the answers to requests with right passwords, and the others.
func split(answers []e2e.Answer) (good, bad []e2e.Answer) {
	for _, a := range answers {
		if a.Password == "not-a-password" {
			bad = append(bad, a)
		} else {
			good = append(good, a)
		}
	}
	return good, bad
}
