//go:build unix

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Tickets are what a user got by logging in: a credential cache.
type Tickets struct {
	// Principal is the user with realm, empty for who has not logged in.
	Principal string

	kdc  *KDC
	file string
}

// Login gets a ticket for the user by password, as kinit does.
func (k *KDC) Login(t testing.TB, u User) *Tickets {
	t.Helper()
	return k.LoginAt(t, Realm, u)
}

// LoginAt gets a ticket for a user of the realm.
func (k *KDC) LoginAt(t testing.TB, realm string, u User) *Tickets {
	t.Helper()
	tickets := k.NoTickets(t)
	tickets.Principal = u.Name + "@" + realm
	tickets.Renew(t, u)
	return tickets
}

// Renew logs the user in again, which forgets the tickets for services.
func (c *Tickets) Renew(t testing.TB, u User) {
	t.Helper()
	cmd := exec.Command(Need(t, "kinit"), "-c", c.file, c.Principal)
	cmd.Env = c.Env()
	cmd.Stdin = strings.NewReader(u.Password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("kinit %s: %v\n%s", c.Principal, err, out)
	}
}

// NoTickets is for a client that has not logged in.
func (k *KDC) NoTickets(t testing.TB) *Tickets {
	t.Helper()
	return &Tickets{kdc: k, file: filepath.Join(Dir(t), "ccache")}
}

// Env returns the environment of a program of this user.
func (c *Tickets) Env() []string { return c.kdc.Env("KRB5CCNAME=FILE:" + c.file) }

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
