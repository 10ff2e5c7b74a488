//go:build unix

package e2e_test

import (
	"testing"

	"squidauth/e2e"
)

// TestNTLMPinned has two clients log in to the proxy, and through it to an origin
// server, each with another name, their messages interleaved: NTLM authenticates
// connections, so Squid must keep each client's to the origin apart (its
// connection-auth), and the origin's state must hang on nothing else.
func TestNTLMPinned(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()[:2]
	squid, _ := startNTLM(t, users, "", "4 startup=2 idle=1")
	known := []e2e.User{e2e.NTUser("carol", "carols-secret"), e2e.NTUser("dave", "daves-secret")}
	origin := e2e.StartNTLMOrigin(t, e2e.PasswordFile(t, known))

	var connections [2]*e2e.Connection
	for i, u := range users {
		connections[i] = squid.Connect(t)
		a, err := connections[i].Login(origin+"/", ours("EXAMPLE", u))
		if err != nil || a.Status != 401 {
			t.Fatalf("%s at the proxy: status %d, %v", u.Name, a.Status, err)
		}
	}
	tokens := [2][]byte{}
	for leg := range 2 { // each client sends a message, then each the next
		for i, u := range known {
			message, err := ours("ORIGIN", u)(tokens[i])
			if err != nil {
				t.Fatal(err)
			}
			a, challenge, err := connections[i].GetFromOrigin(origin+"/", message)
			if err != nil || leg == 0 && (a.Status != 401 || challenge == nil) || leg == 1 && (a.Status != 200 || a.Body != e2e.OriginGreeting(u.Name)) {
				t.Fatalf("%s, message %d: status %d, %q, %v", u.Name, leg+1, a.Status, a.Body, err)
			}
			tokens[i] = challenge
		}
	}
	for range 3 { // and now without any token
		for i, u := range known {
			a, _, err := connections[i].GetFromOrigin(origin+"/more", nil)
			if err != nil || a.Status != 200 || a.Body != e2e.OriginGreeting(u.Name) {
				t.Errorf("%s: status %d, %q, %v", u.Name, a.Status, a.Body, err)
			}
		}
	}
	stranger := squid.Connect(t)
	if a, err := stranger.Login(origin+"/", ours("EXAMPLE", users[0])); err != nil || a.Status != 401 {
		t.Errorf("a third connection is greeted: status %d, %q, %v", a.Status, a.Body, err)
	}
}
