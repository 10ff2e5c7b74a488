//go:build unix

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
)

const radiusSecret = "shared-by-radius"

// radiusUsers are the users of these tests' servers; carol is in no group.
func radiusUsers() []e2e.RadiusUser {
	return []e2e.RadiusUser{
		{User: e2e.User{Name: "alice", Password: "alices-secret"}, FilterID: "staff", Class: "gold"},
		{User: e2e.User{Name: "bob", Password: "bobs-secret, two words"}, FilterID: "staff"},
		{User: e2e.User{Name: "carol", Password: "carols-secret"}},
	}
}

// radiusFile writes a file that Squid's helpers can read, and returns its path.
func radiusFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(e2e.Dir(t), "radius")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// radius returns the command line of a helper that asks the servers.
func radius(t *testing.T, options string, servers ...*e2e.FreeRADIUS) string {
	t.Helper()
	command := programs.Path(t, "basic") + " " + options + " radius --secret " + radiusFile(t, radiusSecret+"\n")
	for _, r := range servers {
		command += " --server " + r.Address()
	}
	return command
}

// TestRadiusLogin asks a FreeRADIUS through Squid. Every login is one at the server.
func TestRadiusLogin(t *testing.T) {
	t.Parallel()
	for name, variant := range map[string]struct {
		server   e2e.RadiusConfig
		children string
		command  func(t *testing.T, r *e2e.FreeRADIUS) string
	}{
		"plain": {e2e.RadiusConfig{WantsSigned: true}, "5 startup=2 idle=1", func(t *testing.T, r *e2e.FreeRADIUS) string {
			return radius(t, "", r)
		}},
		"concurrency": {e2e.RadiusConfig{WantsSigned: true}, "5 startup=2 idle=1 concurrency=20", func(t *testing.T, r *e2e.FreeRADIUS) string {
			return radius(t, "--concurrency 20", r) + " --nas-identifier squid --service-type 8"
		}},
		"by the C helper's name": {e2e.RadiusConfig{SignsNothing: true}, "5 startup=2 idle=1", func(t *testing.T, r *e2e.FreeRADIUS) string {
			return programs.As(t, "basic", "basic_radius_auth") + " -h 127.0.0.1 -p " + r.Port() + " -w " + radiusSecret
		}},
		"by the C helper's file": {e2e.RadiusConfig{}, "5 startup=2 idle=1", func(t *testing.T, r *e2e.FreeRADIUS) string {
			file := radiusFile(t, "server 127.0.0.1\nport "+r.Port()+"\nsecret "+radiusSecret+"\nidentifier squid\n")
			return programs.As(t, "basic", "squid_radius_auth") + " -f " + file
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := radiusUsers()
			variant.server.Secret, variant.server.Users = radiusSecret, users
			r := e2e.StartFreeRADIUS(t, variant.server)
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{
				Auth:    []string{e2e.Basic(variant.command(t, r), variant.children)},
				Secrets: []string{radiusSecret, users[0].Password, users[1].Password, "not-a-secret"},
			})
			good := squid.Curl(t, right(origin, users[0].User), right(origin, users[1].User))
			mustFetch(t, origin, good)
			mustLogAll(t, squid, good)
			mustRefuse(t, origin, squid.Curl(t,
				wrong(origin, users[2].User, "not-a-secret"),
				e2e.Request{URL: origin.URL(), User: "nobody", Password: "not-a-secret"},
				e2e.Request{URL: origin.URL(), User: e2e.RadiusChallenged, Password: "not-a-secret"},
			))
			for _, user := range []string{"alice", "bob", "carol", "nobody"} {
				if n := r.Logins(user); n != 1 {
					t.Errorf("%s logged in %d times, want 1\n%s", user, n, r.Log())
				}
			}
			for _, words := range []string{"reason=wrong-password", "reason=access-challenge", "Enter the number on your token"} {
				e2e.Eventually(t, soon, words+" in cache.log", func() bool { return strings.Contains(squid.CacheLog(), words) })
			}
			if warned := strings.Contains(squid.CacheLog(), "CVE-2024-3596"); warned != variant.server.SignsNothing {
				t.Errorf("cache.log warns of unsigned answers: %v", warned)
			}
		})
	}
}

// TestRadiusAnnotations has Squid decide by what the server says of a user.
func TestRadiusAnnotations(t *testing.T) {
	t.Parallel()
	users := radiusUsers()
	r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret, Users: users})
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth: []string{e2e.Basic(radius(t, "", r)+" --annotate filter-id --annotate class", "5 startup=1")},
		Extra: `acl known proxy_auth REQUIRED
acl staff note filter_id_ staff
http_access deny known !staff`,
	})
	mustFetch(t, origin, squid.Curl(t, right(origin, users[0].User), right(origin, users[1].User)))
	for _, a := range squid.Curl(t, right(origin, users[2].User)) {
		if a.Status != 403 {
			t.Errorf("carol, who is no staff: status %d", a.Status)
		}
	}
}

// TestRadiusUnsigned: what a server that does not sign says, is not believed.
func TestRadiusUnsigned(t *testing.T) {
	t.Parallel()
	users := radiusUsers()
	r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret, Users: users, SignsNothing: true})
	p := e2e.StartPeer(t, e2e.PeerConfig{Command: strings.Fields(radius(t, "", r)), AsProxy: true})
	mustBeUndecided(t, p, "alice alices-secret", "reason=unsigned-reply")
}

// TestRadiusWrongSecret: the helper's own fault is no user's.
func TestRadiusWrongSecret(t *testing.T) {
	t.Parallel()
	r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: "another", Users: radiusUsers()})
	p := e2e.StartPeer(t, e2e.PeerConfig{Command: strings.Fields(radius(t, "", r) + " --wait 2s"), AsProxy: true})
	mustBeUndecided(t, p, "alice alices-secret", "has it the same shared secret?")
}

// mustBeUndecided asks a helper, which must say BH, and in its log, why.
func mustBeUndecided(t *testing.T, p *e2e.Peer, line, why string) {
	t.Helper()
	if got := p.Ask(t, line); !strings.HasPrefix(got, "BH ") {
		t.Errorf("%s\n%s", got, p.Log())
	}
	e2e.Eventually(t, soon, why+" in the log", func() bool { return strings.Contains(p.Log(), why) })
}

// recovery is how soon logins must work after the server is back.
const recovery = 5 * time.Second

// TestRadiusAway: a server that is stopped or frozen makes logins undecided, in time;
// when it is back they work, with the helpers that were there.
func TestRadiusAway(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]struct {
		leave, back func(testing.TB, *e2e.FreeRADIUS)
	}{
		"stopped": {func(t testing.TB, r *e2e.FreeRADIUS) { r.Stop(t) }, func(t testing.TB, r *e2e.FreeRADIUS) { r.Restart(t) }},
		"frozen":  {func(t testing.TB, r *e2e.FreeRADIUS) { r.Freeze(t) }, func(t testing.TB, r *e2e.FreeRADIUS) { r.Thaw(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := radiusUsers()
			r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret, Users: users})
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{Auth: []string{
				e2e.Basic(radius(t, "--concurrency 20", r)+" --wait 4s", "1 startup=1 concurrency=20")}})
			mustFetch(t, origin, squid.Curl(t, right(origin, users[0].User)))
			helpers := pids(squid)
			away.leave(t, r)
			began := time.Now()
			lists := [][]e2e.Request{{right(origin, users[1].User)}, {right(origin, users[2].User)}, {wrong(origin, users[1].User, "x")}}
			mustRefuse(t, origin, squid.Parallel(t, lists...))
			// Squid asks three times, and twice for who comes while it asks.
			if took := time.Since(began); took > soon+3*4*time.Second {
				t.Errorf("undecided after %v", took)
			}
			if log := squid.CacheLog(); strings.Contains(log, "outcome=ERR") || !strings.Contains(log, "outcome=BH reason=server-unavailable") {
				t.Errorf("cache.log: %s", log)
			}
			away.back(t, r)
			e2e.Eventually(t, recovery, "logins work again", func() bool {
				return squid.Curl(t, right(origin, users[2].User))[0].Fetched()
			})
			if now := pids(squid); !slices.Equal(now, helpers) {
				t.Errorf("helpers %v, then %v", helpers, now)
			}
		})
	}
}

func pids(squid *e2e.Squid) (all []int) {
	for _, p := range squid.Helpers() {
		all = append(all, p.PID)
	}
	slices.Sort(all)
	return all
}

// TestRadiusTwoServers: while one is away the other is asked, and nobody is refused.
func TestRadiusTwoServers(t *testing.T) {
	t.Parallel()
	users := radiusUsers()
	config := e2e.RadiusConfig{Secret: radiusSecret, Users: users}
	first, second := e2e.StartFreeRADIUS(t, config), e2e.StartFreeRADIUS(t, config)
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{
		e2e.Basic(radius(t, "--concurrency 20", first, second), "1 startup=1 concurrency=20")}})
	login := func(n int) {
		t.Helper()
		u := users[n].User
		mustFetch(t, origin, squid.Curl(t, right(origin, u)))
		mustRefuse(t, origin, squid.Curl(t, wrong(origin, u, "not-a-secret")))
	}
	login(0)
	if n := second.Logins("alice"); n != 0 {
		t.Errorf("the second server was asked %d times", n)
	}
	first.Freeze(t)
	login(1)
	if n := second.Logins("bob"); n != 2 {
		t.Errorf("the second server was asked %d times for bob", n)
	}
	first.Thaw(t)
	second.Stop(t)
	login(2)
	first.Stop(t)
	second.Restart(t)
	login(0)
	if log := squid.CacheLog(); strings.Contains(log, "outcome=BH") {
		t.Errorf("cache.log: %s", log)
	}
}

// TestRadiusSlow: a server all of whose threads are at work answers late, and each
// request once, however often it comes.
func TestRadiusSlow(t *testing.T) {
	t.Parallel()
	users := radiusUsers()
	lists := make([][]e2e.Request, 8) // twice as many as the server has threads
	origin := e2e.StartOrigin(t)
	for i := range lists {
		u := e2e.RadiusUser{User: e2e.User{Name: fmt.Sprint(e2e.RadiusSlow, i), Password: "slow-secret"}}
		users = append(users, u)
		lists[i] = []e2e.Request{right(origin, u.User)}
	}
	lists = append(lists, []e2e.Request{right(origin, users[0].User)})
	r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret, Users: users})
	squid := e2e.Start(t, e2e.Config{Auth: []string{
		e2e.Basic(radius(t, "--concurrency 20", r), "1 startup=1 concurrency=20")}})
	mustFetch(t, origin, squid.Parallel(t, lists...))
	for i := range 8 {
		user := fmt.Sprint(e2e.RadiusSlow, i)
		if n := r.Logins(user); n != 1 {
			t.Errorf("%s logged in %d times, want 1", user, n)
		}
	}
}

// TestRadiusBytes: passwords arrive byte by byte, and those that RADIUS cannot carry are
// refused at once.
func TestRadiusBytes(t *testing.T) {
	t.Parallel()
	var users []e2e.RadiusUser
	add := func(name, password string) {
		users = append(users, e2e.RadiusUser{User: e2e.User{Name: name, Password: password}})
	}
	for _, u := range byteUsers() {
		add(u.Name, u.Password)
	}
	add("all", shuffledASCII())
	add("utf-8", "Zwölf Boxkämpfer jagen 🦊")
	add("percent", "%41%zz%%")
	for _, n := range []int{1, 15, 16, 17, 31, 32, 127, 128} {
		add(fmt.Sprint("length-", n), strings.Repeat("0123456789abcdef", 8)[:n])
	}
	r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret, Users: users})
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{
		e2e.Basic(radius(t, "--concurrency 20", r), "1 startup=1 concurrency=20")}})
	var requests []e2e.Request
	for _, u := range users {
		requests = append(requests, right(origin, u.User))
	}
	half := len(requests) / 2
	mustFetch(t, origin, squid.Parallel(t, requests[:half], requests[half:]))
	var bad []e2e.Request
	for _, n := range []int{129, 144, 240, 253, 254, 1000} {
		bad = append(bad, wrong(origin, users[0].User, strings.Repeat("0123456789abcdef", 63)[:n]))
	}
	began := time.Now()
	mustRefuse(t, origin, squid.Curl(t, bad...))
	if took := time.Since(began); took > soon {
		t.Errorf("%d passwords that are too long: %v", len(bad), took)
	}
	if n := strings.Count(squid.CacheLog(), "reason=password-too-long"); n != len(bad) {
		t.Errorf("%d of %d are called too long", n, len(bad))
	}
}
