//go:build unix

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"squidauth/e2e"
)

// byteUsers has a user for every byte that can be in a password; the byte
// stands at both ends, where a careless parser would cut it off.
func byteUsers() []e2e.User {
	var users []e2e.User
	for b := 1; b < 256; b++ {
		if b == '\n' || b == '\r' {
			continue // Squid refuses them without asking the helper
		}
		char := string([]byte{byte(b)})
		users = append(users, hashed(b, fmt.Sprintf("byte-%02x", b), char+"inner"+char))
	}
	return users
}

// shuffledASCII is a password of all printable characters.
func shuffledASCII() string {
	var all []byte
	for b := byte(' '); b <= '~'; b++ {
		all = append(all, b)
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return string(all)
}

// TestBytes shows that user names and passwords arrive byte by byte.
func TestBytes(t *testing.T) {
	t.Parallel()
	shuffled := shuffledASCII()
	t.Logf("password of all: %q", shuffled) // to try it again, should it fail
	users := append(byteUsers(),
		hashed(0, "all", shuffled),
		hashed(0, "utf-8", "Zwölf Boxkämpfer jagen 🦊"),
		hashed(0, "latin-1", "Zw\xf6lf Boxk\xe4mpfer"),
		hashed(0, "not-utf-8", "\xff\xfe\xc0\x80"),
		hashed(0, "colons", ":a:b:"),
		hashed(0, "long", strings.Repeat("0123456789abcdef", 125)),
		hashed(1, "with blank", "secret-1"),
		hashed(1, "blank last ", "secret-2"),
		hashed(1, "100%", "secret-3"),
		hashed(1, "%41", "secret-4"),
		hashed(2, "jürgen", "secret-5"),
		hashed(2, "j\xfcrgen", "secret-6"),
		hashed(2, `dom\user`, "secret-7"),
		hashed(2, `"quoted' & <odd>`, "secret-8"),
		hashed(2, "user+tag@example.org", "secret-9"),
		hashed(2, "123", "secret-10"),
	)
	children, options := "5 startup=2 idle=1 concurrency=20", []string{"--concurrency 20"}
	if *cHelper {
		children, options = "5 startup=2 idle=1", nil
	}
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Basic(ncsa(t, e2e.PasswordFile(t, users), options...), children)},
		Secrets: e2e.Secrets(users),
	})
	var requests []e2e.Request
	for _, u := range users {
		requests = append(requests, right(origin, u))
	}
	half := len(requests) / 2
	mustFetch(t, origin, squid.Parallel(t, requests[:half], requests[half:]))
	for _, r := range requests[len(requests)-20:] {
		// As bytes: Squid makes only ASCII letters lower case.
		mustLog(t, squid, r.URL, e2e.LogLine{Status: 200, User: r.User})
	}
}

// TestConfusables tries passwords that differ from the right one only in what
// escaping, trimming or cutting would make of them.
func TestConfusables(t *testing.T) {
	t.Parallel()
	tries := []struct{ password, other string }{
		{"a+b", "a b"}, {"a b", "a+b"}, {"a b", "a%20b"}, {"%41", "A"}, {"A", "%41"},
		{"%2541", "%41"}, {"%", "%25"}, {"%25", "%"}, {"a", " a"}, {"a", "a "}, {" a", "a"},
		{"a ", "a"}, {"a:b", "a"}, {"a", "a:b"}, {`a\b`, "ab"}, {`"a"`, "a"}, {"a", `"a"`},
		{"A", "a"}, {"\xe4", "ä"}, {"a\tb", "a b"}, {"12345678", "123456789"}, {"\x01", "\x02"},
	}
	var users []e2e.User
	for i, try := range tries {
		users = append(users, hashed(i, fmt.Sprint("user-", i), try.password))
	}
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth: []string{e2e.Basic(ncsa(t, e2e.PasswordFile(t, users)), "5 startup=2 idle=1")},
	})
	var good, bad []e2e.Request
	for i, try := range tries {
		good = append(good, right(origin, users[i]))
		bad = append(bad, wrong(origin, users[i], try.other))
	}
	mustFetch(t, origin, squid.Curl(t, good...))
	for _, a := range squid.Curl(t, bad...) {
		if !a.Refused() || origin.Hits(a.URL) != 0 {
			t.Errorf("%s got in with %q: status %d, curl exit %d", a.User, a.Password, a.Status, a.Exit)
		}
	}
}
