//go:build unix

package e2e_test

import (
	"strings"
	"testing"

	"squidauth/e2e"
)

// negotiateReport is the cache manager's page on Negotiate helpers.
const negotiateReport = "negotiateauthenticator"

// The service that curl asks for when the proxy is at localhost, and another
// name by which the same proxy could be called.
const (
	localService = "localhost"
	namedService = "proxy.example.test"
)

func kerberosUsers() []e2e.User {
	return []e2e.User{{Name: "alice", Password: "alices-secret"}, {Name: "bob", Password: "bobs-secret"}}
}

// A negotiation is what the tests with Squid have in common: a KDC, a keytab
// for one of its services, and the folder of the replay cache.
type negotiation struct {
	kdc    *e2e.KDC
	keytab string
	env    []string // of Squid
	users  []e2e.User
	alice  *e2e.Tickets
	bob    *e2e.Tickets
}

func newNegotiation(t *testing.T) *negotiation {
	t.Helper()
	users := kerberosUsers()
	n := &negotiation{
		kdc:    e2e.StartKDC(t, users, localService, namedService),
		keytab: e2e.Dir(t) + "/http.keytab",
		users:  users,
		env:    []string{"KRB5RCACHEDIR=" + e2e.ProxyDir(t)},
	}
	n.kdc.Keytab(t, n.keytab, localService)
	n.alice, n.bob = n.kdc.Login(t, users[0]), n.kdc.Login(t, users[1])
	return n
}

// start starts Squid with the helper, which has these options as well.
func (n *negotiation) start(t *testing.T, options string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	command := programs.Path(t, "negotiate") + " --keytab " + n.keytab + " " + options
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Negotiate(command, "5 startup=2 idle=1")},
		Env:     n.env,
		Secrets: e2e.Secrets(n.users),
	})
	return squid, e2e.StartOrigin(t)
}

// by is a request with the tickets. With an empty name access.log is to have
// the principal.
func by(origin *e2e.Origin, tickets *e2e.Tickets, name string) e2e.Request {
	if name == "" {
		name = tickets.Principal
	}
	return e2e.Request{URL: origin.URL(), User: name, Kerberos: tickets}
}

// mustSay waits for cache.log to have all words in one line.
func mustSay(t *testing.T, squid *e2e.Squid, words ...string) {
	t.Helper()
	e2e.Eventually(t, soon, strings.Join(words, " … ")+" in cache.log", func() bool {
		return hasLine(squid.CacheLog(), words...)
	})
}

func hasLine(log string, words ...string) bool {
	for line := range strings.Lines(log) {
		found := 0
		for _, w := range words {
			if strings.Contains(line, w) {
				found++
			}
		}
		if found == len(words) {
			return true
		}
	}
	return false
}

// TestNegotiateLogin logs in with tickets, with and without the realm in the
// name that Squid is told.
func TestNegotiateLogin(t *testing.T) {
	t.Parallel()
	n := newNegotiation(t)
	for name, variant := range map[string]struct{ options, alice string }{
		"principal":   {"--audit all", "alice@EXAMPLE.TEST"},
		"strip realm": {"--audit all --strip-realm", "alice"},
		"lower case":  {"--audit all --lower-case", "alice@example.test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := n.start(t, variant.options)
			answers := squid.Curl(t, by(origin, n.alice, variant.alice), by(origin, n.alice, variant.alice))
			mustFetch(t, origin, answers)
			mustLogAll(t, squid, answers)
			mustSay(t, squid, "login accepted", "user="+variant.alice+" ", "outcome=OK")
			// MIT's KDC puts a PAC without groups into tickets: nothing to complain of.
			if strings.Contains(squid.CacheLog(), "groups") {
				t.Error("cache.log speaks of groups")
			}
		})
	}
}

// TestNegotiateRefused has clients come without a ticket, with what is none,
// and with the ticket for a service whose key the helper lacks.
func TestNegotiateRefused(t *testing.T) {
	t.Parallel()
	n := newNegotiation(t)
	squid, origin := n.start(t, "")
	const ntlm = "Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAO5CAAAADw=="

	// Without a ticket curl has nothing to send, and the helper nothing to say.
	mustRefuse(t, origin, squid.Curl(t, by(origin, n.kdc.NoTickets(t), "nobody")))
	if asked := squid.Asked(t, negotiateReport); asked != 0 {
		t.Errorf("the helpers were asked %d times without a token", asked)
	}
	mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), Authorization: ntlm}))
	mustSay(t, squid, "login refused", "reason=client-sent-ntlm", "full name")
	mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), Authorization: "Negotiate aGVsbG8="}))
	mustSay(t, squid, "login refused", "reason=malformed-token")

	elsewhere := by(origin, n.alice, "")
	elsewhere.Proxy = namedService
	mustRefuse(t, origin, squid.Curl(t, elsewhere))
	mustSay(t, squid, "HTTP/proxy.example.test@EXAMPLE.TEST", "HTTP/localhost@EXAMPLE.TEST")

	mustFetch(t, origin, squid.Curl(t, by(origin, n.alice, "")))
}

// TestNegotiateSPN narrows down the keys that count to those of one name.
func TestNegotiateSPN(t *testing.T) {
	t.Parallel()
	n := newNegotiation(t)
	n.kdc.Keytab(t, n.keytab, namedService)
	squid, origin := n.start(t, "--spn HTTP/"+namedService)
	named := by(origin, n.alice, "")
	named.Proxy = namedService
	mustFetch(t, origin, squid.Curl(t, named))
	mustRefuse(t, origin, squid.Curl(t, by(origin, n.alice, "")))
	mustSay(t, squid, "HTTP/localhost@EXAMPLE.TEST")
}

// TestNegotiateOtherRealm lets in a user of a realm that ours trusts, unless
// only users of our own are wanted.
func TestNegotiateOtherRealm(t *testing.T) {
	t.Parallel()
	n := newNegotiation(t)
	carol := e2e.User{Name: "carol", Password: "carols-secret"}
	n.kdc.AddUser(t, e2e.OtherRealm, carol)
	tickets := n.kdc.LoginAt(t, e2e.OtherRealm, carol)

	squid, origin := n.start(t, "")
	answers := squid.Curl(t, by(origin, tickets, "carol@OTHER.TEST"))
	mustFetch(t, origin, answers)
	mustLogAll(t, squid, answers)

	squid, origin = n.start(t, "--realm "+e2e.Realm)
	mustRefuse(t, origin, squid.Curl(t, by(origin, tickets, "")))
	mustSay(t, squid, "login refused", "OTHER.TEST")
	mustFetch(t, origin, squid.Curl(t, by(origin, n.alice, "")))
}

// TestNegotiateManyClients has 20 clients at once, alice and bob by turns, each
// with a new connection for every request, and compares whom Squid took each
// request for with who sent it.
func TestNegotiateManyClients(t *testing.T) {
	t.Parallel()
	const clients, requests = 20, 10
	n := newNegotiation(t)
	squid, origin := n.start(t, "")
	lists := make([][]e2e.Request, clients)
	for client := range lists {
		tickets := n.alice
		if client%2 == 1 {
			tickets = n.bob
		}
		for range requests {
			r := by(origin, tickets, "")
			r.Alone = true
			lists[client] = append(lists[client], r)
		}
	}
	answers := squid.Parallel(t, lists...)
	mustFetch(t, origin, answers)
	mustLogAll(t, squid, answers)
	if asked := squid.Asked(t, negotiateReport); asked != clients*requests {
		t.Errorf("the helpers were asked %d times, want %d", asked, clients*requests)
	}
}
