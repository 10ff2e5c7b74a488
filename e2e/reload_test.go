//go:build unix

package e2e_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

// TestPasswordFileChanges changes the password file again and again, with
// clients at work whose passwords are in the file all the time.
func TestPasswordFileChanges(t *testing.T) {
	t.Parallel()
	always := mixedUsers(t, 60)
	// A file that is written in more than one piece.
	for n := range 400 {
		always = append(always, hashed(0, fmt.Sprintf("filler-%d", n), fmt.Sprintf("password-of-filler-%d", n)))
	}
	for name, write := range map[string]func(t testing.TB, path string, users []e2e.User){
		"rename":   e2e.ReplacePasswords,
		"in place": e2e.WritePasswords,
		"htpasswd": writeByHtpasswd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := e2e.PasswordFile(t, always)
			children, options := "5 startup=2 idle=1 concurrency=20", []string{"--concurrency 20"}
			if *cHelper {
				children, options = "5 startup=2 idle=1", nil
			}
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{
				Auth:    []string{e2e.Basic(ncsa(t, file, options...), children)},
				Secrets: e2e.Secrets(always),
			})
			load := squid.StartLoad(t, loadClients, inTurn(origin, always[:60]))
			testChanges(t, squid, origin, func(users []e2e.User) { write(t, file, users) }, always)
			good, bad := split(load.Stop(t))
			mustFetch(t, origin, good)
			mustRefuse(t, origin, bad)
			t.Logf("%d requests meanwhile", load.Count())
		})
	}
}

// testChanges lets guests in and out by rewriting the file, which everybody
// else must not notice.
func testChanges(t *testing.T, squid *e2e.Squid, origin *e2e.Origin, write func([]e2e.User), always []e2e.User) {
	for n := range 10 {
		guest := hashed(n, "guest", strings.Repeat("guest", n+2))
		write(append(slices.Clone(always), guest))
		e2e.Eventually(t, soon, "the guest is let in", func() bool {
			return squid.Curl(t, right(origin, guest))[0].Fetched()
		})
		write(always)
		e2e.Eventually(t, soon, "the guest is refused", func() bool {
			// After the wrong password Squid has to ask for the right one again.
			return squid.Curl(t, wrong(origin, guest, "not-a-password"), right(origin, guest))[1].Refused()
		})
	}
}

// writeByHtpasswd makes the guest's line come and go as an administrator does.
// Htpasswd makes a new file elsewhere and copies it over the old one, which has
// only a part of its lines for a moment.
func writeByHtpasswd(t testing.TB, path string, users []e2e.User) {
	t.Helper()
	cmd := exec.Command(e2e.Need(t, "htpasswd"), "-D", path, "guest")
	if guest := users[len(users)-1]; guest.Name == "guest" {
		cmd = exec.Command(e2e.Need(t, "htpasswd"), "-im", path, "guest")
		cmd.Stdin = strings.NewReader(guest.Password)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("htpasswd: %v: %s", err, out)
	}
}
