//go:build unix

package e2e_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
)

// soon is how long something may take that happens at once on an idle machine.
const soon = 15 * time.Second

// TestLogin asks the four questions that matter most, with each command line
// by which the helper can be reached.
func TestLogin(t *testing.T) {
	t.Parallel()
	users := []e2e.User{e2e.SHAUser("alice", "alices-secret"), e2e.APR1User("bob", "bobs-secret", "pepper")}
	if *cHelper {
		users[0] = e2e.MD5User("alice", "alices-secret") // it knows no {SHA}
	}
	for name, auth := range map[string]func(t *testing.T, file string) string{
		"plain": func(t *testing.T, file string) string {
			return e2e.Basic(ncsa(t, file), "5 startup=2 idle=1")
		},
		"concurrency": func(t *testing.T, file string) string {
			return e2e.Basic(ncsa(t, file, "--concurrency 20"), "5 startup=2 idle=1 concurrency=20")
		},
		"by the C helper's name": func(t *testing.T, file string) string {
			return e2e.Basic(programs.As(t, "basic", "basic_ncsa_auth")+" "+file, "5 startup=2 idle=1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testLogin(t, auth(t, e2e.PasswordFile(t, users)), users)
		})
	}
}

func testLogin(t *testing.T, auth string, users []e2e.User) {
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{auth}, Secrets: append(e2e.Secrets(users), "not-a-secret")})
	shouting := users[0]
	shouting.Name = strings.ToUpper(shouting.Name)
	good := []e2e.Request{right(origin, users[0]), right(origin, users[1]), right(origin, shouting)}
	bad := []e2e.Request{
		wrong(origin, users[0], "not-a-secret"),
		wrong(origin, users[1], users[0].Password),
		{URL: origin.URL(), User: "mallory", Password: users[0].Password},
		{URL: origin.URL(), User: "", Password: users[0].Password},
		{URL: origin.URL(), Anonymous: true},
	}
	mustFetch(t, origin, squid.Curl(t, good...))
	mustRefuse(t, origin, squid.Curl(t, bad...))
	if origin.Total() != len(good) {
		t.Errorf("the origin was asked %d times, want %d", origin.Total(), len(good))
	}
	// Squid makes user names lower case, and logs those it refuses too.
	mustLog(t, squid, good[0].URL, e2e.LogLine{Status: 200, User: "alice"})
	mustLog(t, squid, good[2].URL, e2e.LogLine{Status: 200, User: "alice"})
	mustLog(t, squid, bad[2].URL, e2e.LogLine{Status: 407, User: "mallory"})
	mustLog(t, squid, bad[4].URL, e2e.LogLine{Status: 407})
}

// mustLog waits for access.log to have the line; its message is not compared.
func mustLog(t *testing.T, squid *e2e.Squid, url string, want e2e.LogLine) {
	t.Helper()
	var got e2e.LogLine
	e2e.Eventually(t, soon, url+" in access.log", func() (ok bool) {
		got, ok = squid.AccessLog(url)
		return ok
	})
	want.URL, got.Message = url, ""
	if got != want {
		t.Errorf("access.log has %+v, want %+v", got, want)
	}
}

// TestKeyExtras has Squid add the client's address and a name that is unknown
// before login, which makes two more words on every line.
func TestKeyExtras(t *testing.T) {
	t.Parallel()
	users := []e2e.User{e2e.MD5User("alice", "alices-secret"), e2e.MD5User("bob", "bob's secret, two words")}
	for name, variant := range map[string]struct{ option, children string }{
		"plain":       {"--key-extras 2", "5 startup=2 idle=1"},
		"concurrency": {"--concurrency 20 --key-extras 2", "5 startup=2 idle=1 concurrency=20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := ncsa(t, e2e.PasswordFile(t, users), variant.option)
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{
				Auth:    []string{e2e.Basic(command, variant.children, `key_extras "%>a %un"`)},
				Secrets: e2e.Secrets(users),
			})
			mustFetch(t, origin, squid.Curl(t, right(origin, users[0]), right(origin, users[1])))
			mustRefuse(t, origin, squid.Curl(t,
				wrong(origin, users[0], users[1].Password),
				// What Squid adds is no part of the password, nor the other way round.
				wrong(origin, users[0], users[0].Password+" 127.0.0.1 -"),
				e2e.Request{URL: origin.URL(), User: "alice 127.0.0.1", Password: users[0].Password},
			))
		})
	}
}

// TestHalfConfigured sets options on one side only, in squid.conf or at the
// helper. Nobody can log in, but Squid must live to say why: of a reply without
// the number that it expects Squid 5.7 dies, or it never answers the client.
func TestHalfConfigured(t *testing.T) {
	t.Parallel()
	if *cHelper {
		t.Skip("Squid aborts with the C helper")
	}
	users := []e2e.User{e2e.MD5User("alice", "alices-secret"), e2e.MD5User("1", "alice")}
	file := e2e.PasswordFile(t, users)
	for name, half := range map[string]struct{ auth, advice string }{
		"concurrency in squid.conf": {
			e2e.Basic(ncsa(t, file), "5 startup=2 idle=1 concurrency=20"), "needs --concurrency",
		},
		"concurrency at the helper": {
			e2e.Basic(ncsa(t, file, "--concurrency 20"), "5 startup=2 idle=1"), "--concurrency is for",
		},
		"key_extras in squid.conf": {
			e2e.Basic(ncsa(t, file), "5 startup=2 idle=1", `key_extras "%>a"`), "needs --key-extras",
		},
		"both in squid.conf": {
			e2e.Basic(ncsa(t, file), "5 startup=2 idle=1 concurrency=20", `key_extras "%>a"`), "needs --",
		},
		"concurrency in squid.conf, key_extras in both": {
			e2e.Basic(ncsa(t, file, "--key-extras 1"), "5 startup=2 idle=1 concurrency=20", `key_extras "%>a"`), "needs --concurrency",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testHalfConfigured(t, half.auth, half.advice, users[0])
		})
	}
}

func testHalfConfigured(t *testing.T, auth, advice string, u e2e.User) {
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{auth}, Secrets: []string{u.Password}})
	lists := make([][]e2e.Request, 4)
	for i := range lists {
		for range 5 {
			lists[i] = append(lists[i], right(origin, u))
		}
	}
	mustRefuse(t, origin, squid.Parallel(t, lists...))
	// Without a user name Squid's line has two blanks, one after the other.
	mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), User: "", Password: "x"}))
	if !squid.Running() {
		t.Error("squid is gone")
	}
	if !strings.Contains(squid.CacheLog(), advice) {
		t.Errorf("cache.log does not tell the administrator: %q", advice)
	}
}

// TestDenyText shows what the user is told: Squid 5.7 puts into the page, as
// %m, what follows ERR as plain text. One text for every reason, unless the
// administrator wants those of the C helper.
func TestDenyText(t *testing.T) {
	t.Parallel()
	users := []e2e.User{e2e.MD5User("alice", "alices-secret")}
	for name, variant := range map[string]struct {
		options          []string
		wrong, noSuchOne string
	}{
		"neutral": {nil, "Wrong user name or password", "Wrong user name or password"},
		"plain":   {[]string{"--plain-messages"}, "Wrong password", "No such user"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := ncsa(t, e2e.PasswordFile(t, users), variant.options...)
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.Basic(command, "1 startup=1")}})
			answers := squid.Curl(t,
				wrong(origin, users[0], "not-a-secret"),
				e2e.Request{URL: origin.URL(), User: "mallory", Password: "not-a-secret"},
			)
			mustRefuse(t, origin, answers)
			for i, want := range []string{variant.wrong, variant.noSuchOne} {
				if got := answers[i].DenyText(); got != want {
					t.Errorf("%s is told %q, want %q", answers[i].User, got, want)
				}
			}
		})
	}
}

// TestNoSuchFile starts the helper before its password file is there: logins
// fail and say so, and work as soon as the file has come.
func TestNoSuchFile(t *testing.T) {
	t.Parallel()
	users := []e2e.User{e2e.MD5User("alice", "alices-secret")}
	file := e2e.PasswordFile(t, users)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Basic(ncsa(t, file), "5 startup=2 idle=1")},
		Secrets: e2e.Secrets(users),
	})
	mustRefuse(t, origin, squid.Curl(t, right(origin, users[0])))
	e2e.ReplacePasswords(t, file, users)
	e2e.Eventually(t, soon, "alice is let in", func() bool {
		return squid.Curl(t, right(origin, users[0]))[0].Fetched()
	})
}
