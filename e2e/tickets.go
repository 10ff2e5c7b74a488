//go:build unix

package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Tickets are what a user got by logging in: a credential cache.
type Tickets struct {
	// Principal is the user with realm, empty for who has not logged in.
	Principal string

	env   []string // of a client of the KDC
	file  string
	clock []string // environment of programs whose clock is wrong
}

// Login gets a ticket for the user by password, as kinit does.
func (k *KDC) Login(t testing.TB, u User) *Tickets {
	t.Helper()
	return k.LoginAt(t, Realm, u)
}

// LoginAt gets a ticket for a user of the realm.
func (k *KDC) LoginAt(t testing.TB, realm string, u User) *Tickets {
	t.Helper()
	return login(t, k.Env(), realm, u)
}

// login gets a ticket from the KDC of the clients with this environment. The
// options are kinit's.
func login(t testing.TB, env []string, realm string, u User, options ...string) *Tickets {
	t.Helper()
	tickets := noTickets(t, env)
	tickets.Principal = u.Name + "@" + realm
	tickets.Renew(t, u, options...)
	return tickets
}

// Renew logs the user in again, which forgets the tickets for services. The
// options are kinit's.
func (c *Tickets) Renew(t testing.TB, u User, options ...string) {
	t.Helper()
	cmd := exec.Command(Need(t, "kinit"), append(options, "-c", c.file, c.Principal)...)
	cmd.Env = c.Env()
	cmd.Stdin = strings.NewReader(u.Password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("kinit %s: %v\n%s", c.Principal, err, out)
	}
}

// NoTickets is for a client that has not logged in.
func (k *KDC) NoTickets(t testing.TB) *Tickets {
	t.Helper()
	return noTickets(t, k.Env())
}

func noTickets(t testing.TB, env []string) *Tickets {
	t.Helper()
	return &Tickets{env: env, file: filepath.Join(Dir(t), "ccache")}
}

// Env returns the environment of a program of this user.
func (c *Tickets) Env() []string {
	return slices.Concat(c.env, c.clock, []string{"KRB5CCNAME=FILE:" + c.file})
}

// List returns what klist says of the tickets, encryption types too.
func (c *Tickets) List(t testing.TB) string {
	t.Helper()
	cmd := exec.Command(Need(t, "klist"), "-e", "-c", c.file)
	cmd.Env = c.Env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("klist: %v\n%s", err, out)
	}
	return string(out)
}
