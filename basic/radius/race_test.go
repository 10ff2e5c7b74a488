package radius

import (
	"context"

	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"squidauth/basic/radius/radiustest"
	"squidauth/helper/secret"
)

// errConnRefused is what an ICMP message makes of a read.
var errConnRefused error = &os.SyscallError{Syscall: "read", Err: syscall.ECONNREFUSED}

func refused(radiustest.Request) []radiustest.Datagram {
	return []radiustest.Datagram{{Error: errConnRefused}}
}

// TestNextServer: when one is silent for three seconds, or refuses at once, the next one
// is asked; after that it comes first for a while.
func TestNextServer(t *testing.T) {
	for name, c := range map[string]struct {
		first func(radiustest.Request) []radiustest.Datagram
		takes time.Duration
	}{
		"silent":  {func(radiustest.Request) []radiustest.Datagram { return nil }, DefaultNextAfter},
		"refused": {refused, 0},
		"forged": {func(q radiustest.Request) []radiustest.Datagram {
			return []radiustest.Datagram{{Bytes: make([]byte, 20)}}
		}, DefaultNextAfter},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := newSwitched(c.first), alice()
			play(t, Config{}, func(t *testing.T, s *stage) {
				s.want(t, "OK", c.takes, c.takes+once)
				asked := len(first.Requests())
				s.want(t, "OK", 0, once)
				if n := len(first.Requests()); n != asked || len(second.Requests()) != 2 {
					t.Errorf("the first was asked %d times, then %d; the second %d", asked, n, len(second.Requests()))
				}
				time.Sleep(lastAvoidance)
				first.set(alice().Answer)
				s.want(t, "OK", 0, once)
				if n := len(second.Requests()); n != 2 || !strings.Contains(s.log.String(), "answers again") {
					t.Errorf("the first is back, the second was asked %d times", n)
				}
			}, &first.Server, second)
		})
	}
}

// TestNobody: all servers are asked, and each is named.
func TestNobody(t *testing.T) {
	one, two, three := silent(), &radiustest.Server{Answer: refused}, silent()
	play(t, Config{}, func(t *testing.T, s *stage) {
		v := s.verdict(t, "alice", "alices-password")
		if spell(v) != "BH server-unavailable" || time.Since(s.began) != askedTime {
			t.Errorf("%s after %v", spell(v), time.Since(s.began))
		}
		for _, words := range []string{"192.0.2.1:1812 has not answered", "192.0.2.2:1812 cannot be reached", "192.0.2.3:1812 has not answered"} {
			if !strings.Contains(v.Cause().Error(), words) {
				t.Errorf("the cause lacks %q: %v", words, v.Cause())
			}
		}
		for _, server := range []*radiustest.Server{one, two, three} {
			if _, open := server.Sockets(); open != 0 || len(server.Requests()) == 0 {
				t.Errorf("asked %d times, %d sockets open", len(server.Requests()), open)
			}
		}
	}, one, two, three)
}

// TestSlowServer: the answer of a server that was given up for the next one counts, and
// nobody is asked that need not be.
func TestSlowServer(t *testing.T) {
	slow, second, third := newSwitched(after(4*time.Second, alice().Answer)), silent(), silent()
	play(t, Config{}, func(t *testing.T, s *stage) {
		s.want(t, "OK", 4*time.Second, 4*time.Second)
		if len(second.Requests()) == 0 || len(third.Requests()) != 0 {
			t.Errorf("asked: %d, %d", len(second.Requests()), len(third.Requests()))
		}
		time.Sleep(time.Second) // for who lost
		if _, open := second.Sockets(); open != 0 {
			t.Error("the socket to who lost is open")
		}
	}, &slow.Server, second, third)
	slow, second = newSwitched(after(4*time.Second, alice().Answer)), silent()
	play(t, Config{NextAfter: 10 * time.Second}, func(t *testing.T, s *stage) {
		s.want(t, "OK", 4*time.Second, 4*time.Second)
		if len(second.Requests()) != 0 {
			t.Error("the second was asked")
		}
	}, &slow.Server, second)
}

// TestBothAnswer: an answer that comes after the other is thrown away, and its socket is
// of use again.
func TestBothAnswer(t *testing.T) {
	slow := newSwitched(after(3500*time.Millisecond, answers(accessReject, radiustest.Signed())))
	second := newSwitched(after(500*time.Millisecond, alice().Answer))
	play(t, Config{}, func(t *testing.T, s *stage) {
		got := s.ask(t, "alice", "alices-password")
		if got != "OK" && got != "ERR wrong-password" {
			t.Error(got)
		}
		time.Sleep(time.Minute)
		slow.set(alice().Answer)
		s.want(t, "OK", 0, once)
	}, &slow.Server, &second.Server)
}

// TestOneTries: when a server that failed is due to be asked again, one login tries it,
// and the others go on with the next.
func TestOneTries(t *testing.T) {
	first, second := silent(), alice()
	play(t, Config{}, func(t *testing.T, s *stage) {
		s.want(t, "OK", DefaultNextAfter, DefaultNextAfter+once)
		time.Sleep(lastAvoidance)
		before := len(first.Requests())
		var all sync.WaitGroup
		var mu sync.Mutex
		late := 0
		for range 50 {
			all.Go(func() {
				began := time.Now()
				if got := s.ask(t, "alice", "alices-password"); got != "OK" {
					t.Error(got)
				}
				if time.Since(began) > once {
					mu.Lock()
					defer mu.Unlock()
					late++
				}
			})
		}
		all.Wait()
		if n := len(first.Requests()) - before; late != 1 || n > 4 {
			t.Errorf("%d of 50 were late, the first was asked %d times", late, n)
		}
	}, first, second)
}

// TestManySeeOneFailure: logins at the same time do not have a server avoided for longer
// than one would.
func TestManySeeOneFailure(t *testing.T) {
	first, second := newSwitched(after(time.Second, refused)), alice()
	play(t, Config{}, func(t *testing.T, s *stage) {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { s.want(t, "OK", time.Second, time.Second+once) })
		}
		all.Wait()
		first.set(alice().Answer)
		time.Sleep(firstAvoidance)
		asked := len(first.Requests())
		s.want(t, "OK", 0, once)
		if len(first.Requests()) == asked {
			t.Error("the first is still avoided")
		}
	}, &first.Server, second)
}

// TestUnsignedIsFinal: a server that answers has counted the login; another one is not
// asked, but by the next login.
func TestUnsignedIsFinal(t *testing.T) {
	old, second := &radiustest.Server{Answer: answers(accessAccept)}, alice()
	play(t, Config{}, func(t *testing.T, s *stage) {
		s.want(t, "BH unsigned-reply", 0, once)
		if len(second.Requests()) != 0 {
			t.Error("the second was asked as well")
		}
		s.want(t, "OK", 0, once)
	}, old, second)
}

// TestGivenUp: who no longer waits, gets an answer at once.
func TestGivenUp(t *testing.T) {
	for _, servers := range [][]*radiustest.Server{{silent()}, {silent(), silent()}} {
		play(t, Config{}, func(t *testing.T, s *stage) {
			for _, at := range []time.Duration{0, time.Second / 2, 4 * time.Second} {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(at, cancel)
				began := time.Now()
				if got := spell(s.Authenticate(ctx, "alice", "alices-password")); got != "BH server-unavailable" || time.Since(began) > at {
					t.Errorf("%s after %v, want %v", got, time.Since(began), at)
				}
			}
		}, servers...)
	}
}

// TestSecrets: each server has its own, they may change, and without one nobody is
// asked.
func TestSecrets(t *testing.T) {
	first, second := alice(), alice()
	first.Secret, second.Secret = "the secret of one", "the secret of two"
	path := filepath.Join(t.TempDir(), "secret")
	play(t, Config{Servers: []Server{
		{Host: "192.0.2.1", Port: 1812, Secret: secretFile(t, path)},
		{Host: "192.0.2.2", Port: 1812, Secret: secret.Fixed("the secret of two")},
	}}, func(t *testing.T, s *stage) {
		s.want(t, "OK", 0, once)
		if len(first.Requests()) != 0 {
			t.Error("a server was asked without its secret")
		}
		if err := os.WriteFile(path, []byte("the secret of one\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lastAvoidance)
		s.want(t, "OK", 0, once)
		if len(first.Requests()) != 1 {
			t.Error("the first was not asked with its secret")
		}
	}, first, second)
	alone := alice()
	alone.Secret = "the secret of one"
	none := filepath.Join(t.TempDir(), "none")
	play(t, Config{Servers: []Server{{Host: "192.0.2.1", Port: 1812, Secret: secretFile(t, none)}}}, func(t *testing.T, s *stage) {
		v := s.verdict(t, "alice", "alices-password")
		if spell(v) != "BH no-shared-secret" || !strings.Contains(v.Cause().Error(), none) {
			t.Errorf("%s: %v", spell(v), v.Cause())
		}
		if err := os.WriteFile(none, []byte("the secret of one"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.want(t, "OK", 0, once)
		if err := os.WriteFile(none, []byte("another"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.want(t, "BH wrong-shared-secret", askedTime, askedTime)
	}, alone)
}

func secretFile(t *testing.T, path string) *secret.Source {
	t.Helper()
	s, err := secret.Open(path, secret.Config{Kind: "secret of the RADIUS server", Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNames: names are looked up when they are needed, and again after a while; a DNS
// that fails leaves the addresses that were.
func TestNames(t *testing.T) {
	one, two := alice(), alice()
	dns := new(resolver)
	dns.set("radius.example.org", "192.0.2.1")
	play(t, Config{Servers: []Server{{Host: "radius.example.org", Port: 1812}}, Resolve: dns.resolve}, func(t *testing.T, s *stage) {
		if dns.asked != 0 {
			t.Error("looked up before it was needed")
		}
		s.want(t, "OK", 0, once)
		s.want(t, "OK", 0, once)
		if dns.asked != 1 {
			t.Errorf("looked up %d times", dns.asked)
		}
		dns.set("radius.example.org", "192.0.2.2")
		dns.hangs = 5 * time.Second
		time.Sleep(freshness)
		s.want(t, "OK", 0, once) // nobody waits for the new address
		time.Sleep(6 * time.Second)
		s.want(t, "OK", 0, once)
		if len(one.Requests()) != 3 || len(two.Requests()) != 1 {
			t.Errorf("asked: %d, %d", len(one.Requests()), len(two.Requests()))
		}
		if _, open := one.Sockets(); open != 0 {
			t.Error("a socket to an address that is no more is kept")
		}
		dns.set("radius.example.org")
		time.Sleep(freshness)
		for range 3 {
			s.want(t, "OK", 0, once)
			time.Sleep(10 * time.Second)
		}
	}, one, two)
}

// TestNoName: a name that is unknown is the operator's matter; the login waits for a
// slow DNS, but not for ever.
func TestNoName(t *testing.T) {
	dns := new(resolver)
	c := Config{Servers: []Server{{Host: "radius.example.org", Port: 1812}}, Resolve: dns.resolve}
	server := alice()
	play(t, c, func(t *testing.T, s *stage) {
		v := s.verdict(t, "alice", "alices-password")
		if spell(v) != "BH server-unavailable" || !strings.Contains(v.Cause().Error(), "no address of RADIUS server radius.example.org:1812: ") ||
			!strings.Contains(v.Cause().Error(), "no such host") {
			t.Errorf("%s: %v", spell(v), v.Cause())
		}
		dns.set("radius.example.org", "192.0.2.1")
		time.Sleep(lookupPause)
		dns.hangs = 5 * time.Second
		s.want(t, "OK", 5*time.Second, 5*time.Second)
	}, server)
	dns = new(resolver)
	dns.hangs = time.Hour
	c.Resolve = dns.resolve
	play(t, c, func(t *testing.T, s *stage) {
		s.want(t, "BH server-unavailable", lookupTime, lookupTime)
	}, server)
	c.Servers = append(c.Servers, Server{Host: "192.0.2.1", Port: 1812})
	play(t, c, func(t *testing.T, s *stage) {
		s.want(t, "OK", DefaultNextAfter, DefaultNextAfter+once) // the other name may yet be found
		time.Sleep(lookupTime)
	}, server)
}

// TestAddresses: those of a name are asked one after the other, IPv4 first.
func TestAddresses(t *testing.T) {
	dns, server := new(resolver), alice()
	dns.set("radius.example.org", "2001:db8::1", "192.0.2.9", "192.0.2.1")
	play(t, Config{Servers: []Server{{Host: "radius.example.org", Port: 1812}}, Resolve: dns.resolve}, func(t *testing.T, s *stage) {
		s.servers["192.0.2.9:1812"] = &radiustest.Server{Secret: testSecret, Answer: refused}
		s.want(t, "OK", 0, once)
		list, _ := s.Backend.servers[0].known()
		want := []string{"192.0.2.9:1812", "192.0.2.1:1812", "[2001:db8::1]:1812"}
		for i, e := range list {
			if e.address != netip.MustParseAddrPort(want[i]) {
				t.Errorf("%d: %s", i, e.address)
			}
		}
	}, server)
}

// TestParseServer: the ways to name one.
func TestParseServer(t *testing.T) {
	for word, want := range map[string]string{
		"radius.example.org":      "radius.example.org:7",
		"radius.example.org:1645": "radius.example.org:1645",
		"192.0.2.1":               "192.0.2.1:7",
		"192.0.2.1:1645":          "192.0.2.1:1645",
		"2001:db8::1":             "[2001:db8::1]:7",
		"[2001:db8::1]:1645":      "[2001:db8::1]:1645",
		"host:domain":             "host:53",
		"":                        "", ":1645": "", "host:": "", "host:0": "", "host:65536": "", "host:-1": "",
		"host:no-such-service": "", "a:b:c": "", "[2001:db8::1]": "",
	} {
		s, err := ParseServer(word, 7)
		if (err == nil) != (want != "") || err == nil && s.String() != want {
			t.Errorf("%q: %s, %v, want %q", word, s, err, want)
		}
	}
}

// TestDialFails: a socket that cannot be had, as without a route, is the operator's
// matter.
func TestDialFails(t *testing.T) {
	play(t, Config{Servers: []Server{{Host: "198.51.100.1", Port: 1812}}}, func(t *testing.T, s *stage) {
		v := s.verdict(t, "alice", "alices-password")
		if spell(v) != "BH server-unavailable" || !strings.Contains(v.Cause().Error(), "nobody is at udp 198.51.100.1:1812") {
			t.Errorf("%s: %v", spell(v), v.Cause())
		}
	})
}
