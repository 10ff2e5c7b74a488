package kdc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/negotiate/kerberos/krbtest"
)

// network has KDCs by address, and remembers who was asked. It may be used from several
// goroutines.
type network struct {
	kdcs map[string]func(request []byte) []byte // nil: nobody answers

	mu    sync.Mutex
	asked []string
}

var errNobody = errors.New("nobody is there")

// dial connects to a KDC, by a pipe.
func (n *network) dial(_ context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, strings.TrimSuffix(address, ":88"))
	answer, there := n.kdcs[strings.TrimSuffix(address, ":88")]
	if !there {
		return nil, errNobody
	}
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		krbtest.ServeConn(theirs, func(request []byte) []byte {
			if answer == nil {
				_, _ = theirs.Read(make([]byte, 1)) // until the client gives up
				return nil
			}
			return answer(request)
		})
	}()
	return ours, nil
}

// take returns who was asked since the last time.
func (n *network) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	asked := strings.Join(n.asked, " ")
	n.asked = nil
	return asked
}

// realmsIn returns the KDCs of one realm, in the network.
func realmsIn(n *network, kdcs ...string) *Realms {
	r := NewRealms(nil, map[string][]string{krbtest.Realm: kdcs}, time.Now)
	r.dial = n.dial
	return r
}

func says(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }

// TestExchange asks one KDC after the other, and those first that are known to answer.
func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{kdcs: map[string]func([]byte) []byte{
			"silent": nil, "busy": func([]byte) []byte { return krbtest.KDCError(29, "") }, "good": says("good"),
		}}
		r := realmsIn(n, "gone", "silent", "busy", "good")
		exchange := func(want string, within time.Duration) {
			t.Helper()
			began := time.Now()
			got, err := r.Exchange(t.Context(), krbtest.Realm, []byte("hello"))
			if err != nil || string(got.Message) != "good" || time.Since(began) != within {
				t.Errorf("%q after %v, %v; want %v", got.Message, time.Since(began), err, within)
			}
			synctest.Wait()
			if asked := n.take(); asked != want {
				t.Errorf("asked %s, want %s", asked, want)
			}
		}
		exchange("gone silent busy good", headStart)
		exchange("good", 0)
		time.Sleep(firstAvoidance)
		exchange("gone silent busy good", headStart)
		exchange("good", 0)
		time.Sleep(firstAvoidance)
		exchange("good", 0) // the others are left alone for longer now
	})
}

// TestNoAnswer has nobody who answers.
func TestNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := realmsIn(&network{kdcs: map[string]func([]byte) []byte{"silent": nil}}, "gone", "silent")
		began := time.Now()
		_, err := r.Exchange(t.Context(), krbtest.Realm, []byte("hello"))
		want := "no KDC of realm EXAMPLE.ORG answers: nobody is there; silent:88: no answer in time"
		if err == nil || err.Error() != want || time.Since(began) != patience {
			t.Errorf("after %v: %v, want %s", time.Since(began), err, want)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if _, err := r.Exchange(ctx, krbtest.Realm, []byte("hello")); err == nil || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// TestExchangeOnce never lets two KDCs have the message.
func TestExchangeOnce(t *testing.T) {
	for name, c := range map[string]struct {
		first func([]byte) []byte
		there bool
		want  string // who was asked
		sent  bool
		err   bool
	}{
		"good":   {says("good"), true, "first", true, false},
		"gone":   {nil, false, "first second", true, false},
		"dies":   {says(""), true, "first", true, true},
		"silent": {nil, true, "first", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{kdcs: map[string]func([]byte) []byte{"first": says("hello"), "second": says("good")}}
				r := realmsIn(n, "second", "first")
				n.kdcs["second"] = func([]byte) []byte { return krbtest.KDCError(29, "") }
				before, err := r.Exchange(t.Context(), krbtest.Realm, []byte("hello"))
				if err != nil {
					t.Fatal(err)
				}
				n.take()
				n.kdcs["second"] = says("good")
				if n.kdcs["first"] = c.first; !c.there {
					delete(n.kdcs, "first")
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				got, sent, err := r.ExchangeOnce(ctx, krbtest.Realm, before, []byte("guess"))
				if (err != nil) != c.err || sent != c.sent || err == nil && string(got.Message) != "good" {
					t.Errorf("got %q, sent %v, %v", got.Message, sent, err)
				}
				synctest.Wait()
				if asked := n.take(); asked != c.want {
					t.Errorf("asked %s, want %s", asked, c.want)
				}
			})
		})
	}
}

// TestConnections bounds how many there are to one KDC.
func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{kdcs: map[string]func([]byte) []byte{"slow": func(request []byte) []byte {
			time.Sleep(time.Second)
			return request
		}}}
		r := realmsIn(n, "slow")
		began := time.Now()
		var all sync.WaitGroup
		for range 3 * maxConnections {
			all.Go(func() {
				if _, err := r.Exchange(t.Context(), krbtest.Realm, []byte("hello")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestDNS asks the DNS now and then, and does without when it fails.
func TestDNS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{kdcs: map[string]func([]byte) []byte{"one.": says("1"), "two.": says("2")}}
		r := NewRealms(lookup(map[string]string{"KRB5_CONFIG": t.TempDir() + "/none"}), nil, time.Now)
		r.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			return n.dial(ctx, network, strings.Replace(address, ":88", ".:88", 1))
		}
		records, looked := []string{"one."}, 0
		r.srv = func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
			looked++
			if want := "_kerberos._tcp.EXAMPLE.ORG"; fmt.Sprintf("_%s._%s.%s", service, proto, name) != want {
				t.Errorf("%s %s %s", service, proto, name)
			}
			var found []*net.SRV
			for _, target := range records {
				found = append(found, &net.SRV{Target: target, Port: 88})
			}
			if found == nil {
				return "", nil, errNobody
			}
			return "", found, nil
		}
		exchange := func(want string, lookups int) {
			t.Helper()
			got, err := r.Exchange(t.Context(), krbtest.Realm, []byte("hello"))
			if err != nil || string(got.Message) != want || looked != lookups {
				t.Errorf("got %q, %v, after %d look-ups; want %q after %d", got.Message, err, looked, want, lookups)
			}
		}
		exchange("1", 1)
		exchange("1", 1)
		records = []string{"two."}
		time.Sleep(refresh)
		exchange("2", 2)
		records = nil
		time.Sleep(refresh)
		exchange("2", 3)
		exchange("2", 3)
		time.Sleep(soonAgain)
		exchange("2", 4)
		r.realms = map[string]*realm{}
		if _, err := r.Exchange(t.Context(), krbtest.Realm, nil); !errors.Is(err, errNobody) {
			t.Errorf("without any record: %v", err)
		}
	})
}

// TestRealmsReload reads krb5.conf when it is needed, and again when told to.
func TestRealmsReload(t *testing.T) {
	dir := t.TempDir()
	r := NewRealms(lookup(map[string]string{"KRB5_CONFIG": dir}), nil, now)
	if _, err := r.servers(t.Context(), krbtest.Realm); err == nil || !strings.Contains(err.Error(), "cannot be used") {
		t.Errorf("a folder for krb5.conf: %v", err)
	}
	path := dir + "/krb5.conf"
	r.lookup = lookup(map[string]string{"KRB5_CONFIG": path})
	for _, kdc := range []string{"one", "two"} {
		writeFile(t, path, realms(krbtest.Realm, kdc))
		if err := r.Reload(); err != nil {
			t.Fatal(err)
		}
		servers, err := r.servers(t.Context(), krbtest.Realm)
		if err != nil || !slices.EqualFunc(servers, []string{kdc + ":88"}, func(s *server, a string) bool { return s.address == a }) {
			t.Errorf("%v, want %s", err, kdc)
		}
	}
}
