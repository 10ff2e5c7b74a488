//go:build unix

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

// refusals counts the audit lines of refusals with that backend and reason.
func refusals(squid *e2e.Squid, backend, reason string) int {
	n := 0
	for line := range strings.Lines(squid.CacheLog()) {
		if strings.Contains(line, "login refused") && strings.Contains(line, "backend="+backend+" ") && strings.Contains(line, "reason="+reason+" ") {
			n++
		}
	}
	return n
}

// TestOldPassword is a browser with an old password that asks for everything on a page
// at once, and again. One of its requests reaches the backend, whichever process it
// comes to; a backend whose hash takes its time has them overlap.
func TestOldPassword(t *testing.T) {
	t.Parallel()
	for name, variant := range map[string]struct{ option, children string }{
		"plain":       {"", "4 startup=4 idle=1"},
		"concurrency": {"--concurrency 20", "2 startup=2 idle=1 concurrency=20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := []e2e.User{e2e.BcryptUser(t, "alice", "alices-secret", 10)}
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{
				// Squid asks anew for each client, as it does for each address then.
				Auth: []string{e2e.Basic(ncsa(t, e2e.PasswordFile(t, users), variant.option, "--key-extras 1 --remember-refused 1h"),
					variant.children, `key_extras "%>p"`)},
				Secrets: append(e2e.Secrets(users), "old-password"),
			})
			var page [][]e2e.Request
			for range 20 {
				page = append(page, []e2e.Request{wrong(origin, users[0], "old-password")})
			}
			mustRefuse(t, origin, squid.Parallel(t, page...))
			mustRefuse(t, origin, squid.Parallel(t, page...))
			e2e.Eventually(t, soon, "40 refusals in the log", func() bool {
				return refusals(squid, "ncsa", "wrong-password") == 1 && refusals(squid, `"ncsa (remembered)"`, "wrong-password") == 39
			})
			mustFetch(t, origin, squid.Curl(t, right(origin, users[0])))
		})
	}
}

// TestHeldBack has a user try a dozen passwords at once. The processes count together.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	users := []e2e.User{e2e.BcryptUser(t, "alice", "alices-secret", 8), e2e.MD5User("bob", "bobs-secret")}
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth: []string{e2e.Basic(ncsa(t, e2e.PasswordFile(t, users), "--key-extras 1 --lockout-guard 5/30"),
			"4 startup=4 idle=1", `key_extras "%>p"`)},
		Secrets: e2e.Secrets(users),
	})
	var guesses [][]e2e.Request
	for n := range 12 {
		guesses = append(guesses, []e2e.Request{wrong(origin, users[0], fmt.Sprintf("guess number %d", n))})
	}
	mustRefuse(t, origin, squid.Parallel(t, guesses...))
	mustRefuse(t, origin, squid.Curl(t, right(origin, users[0])))
	mustFetch(t, origin, squid.Curl(t, right(origin, users[1])))
	e2e.Eventually(t, soon, "13 refusals in the log", func() bool {
		return refusals(squid, "ncsa", "wrong-password") == 5 && refusals(squid, `"ncsa (not asked)"`, "held-back") == 8
	})
	reconfigure(t, squid, true)
	mustRefuse(t, origin, squid.Curl(t, right(origin, users[0])))
}

// TestChain has a directory and a file for guests behind one Squid. While the directory is
// away, its silence is nobody's yes: guests get in only where the rule says so.
func TestChain(t *testing.T) {
	t.Parallel()
	guests := []e2e.User{e2e.MD5User("alice", "other-secret"), e2e.MD5User("eve", "eves-secret"), e2e.MD5User("frank", "franks-secret")}
	alice := e2e.PersonOf("alice").Login()
	file := e2e.PasswordFile(t, guests)
	origin := e2e.StartOrigin(t)
	for _, rule := range []string{"", "on-unavailable=next "} {
		t.Run("rule "+rule, func(t *testing.T) {
			t.Parallel()
			slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
			squid := e2e.Start(t, e2e.Config{
				Auth: []string{e2e.Basic(programs.Path(t, "basic")+" --concurrency 20 --timeout 3s chain "+rule+"ldap:"+slapd.URI()+
					" --base "+e2e.SlapdPeople+" --filter uid=%s , ncsa:"+file, "2 startup=1 concurrency=20")},
				Secrets: append(e2e.Secrets(guests), alice.Password),
			})
			mustFetch(t, origin, squid.Curl(t, right(origin, alice), right(origin, guests[1])))
			mustRefuse(t, origin, squid.Curl(t, right(origin, guests[0]), wrong(origin, guests[1], alice.Password)))
			slapd.Stop(t)
			frank := guests[2] // whom Squid does not remember
			mustRefuse(t, origin, squid.Curl(t, wrong(origin, frank, "not-a-secret")))
			if answers := squid.Curl(t, right(origin, frank)); rule == "" {
				mustRefuse(t, origin, answers)
			} else {
				mustFetch(t, origin, answers)
			}
			mustSay(t, squid, "login undecided", "user=frank", "backend=ldap")
		})
	}
}

// TestGuardedDirectory has somebody guess a password through four helpers at once. The
// directory locks accounts, and not this one: who asks it in another way gets in.
func TestGuardedDirectory(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	lockable := e2e.PersonOf("lockable")
	options := " ldap --url " + slapd.URI() + " --filter uid=%s --base " + e2e.SlapdPeople
	limit := fmt.Sprint(e2e.MaxFailures - 1)
	squid, origin := ldapSquid(t, slapd, programs.Path(t, "basic")+" --lockout-guard "+limit+"/30"+options, "4 startup=4 idle=1")
	var guesses [][]e2e.Request
	for n := range 20 {
		guesses = append(guesses, []e2e.Request{wrong(origin, lockable.Login(), fmt.Sprint("not-the-password-", n))})
	}
	mustRefuse(t, origin, squid.Parallel(t, guesses...))
	mustRefuse(t, origin, squid.Curl(t, login(origin, "lockable")))
	mustFetch(t, origin, squid.Curl(t, login(origin, "alice")))
	mustBind(t, slapd, lockable, slices.Repeat([]int{49}, e2e.MaxFailures-1)...)
	other := e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{programs.Path(t, "basic")}, strings.Fields(options)...), AsProxy: true})
	if got := other.Ask(t, "lockable "+lockable.Password); got != "OK" {
		t.Errorf("who asks the directory in another way: %q", got)
	}
}
