package ldapconn

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
)

// referring answers searches with a reference, or with a result that is a referral.
func referring(result bool, uris ...string) *ldaptest.Server {
	return answering(ldaptest.Search, func(r ldaptest.Request) (b []byte) {
		if result {
			return r.ResultWith(ldap.LDAPResultReferral, "", uris)
		}
		for _, uri := range uris {
			b = append(b, r.Reference(uri)...)
		}
		return append(b, r.Result(0, "")...)
	})
}

func empty() *ldaptest.Server {
	return answering(ldaptest.Search, func(r ldaptest.Request) []byte { return r.Result(0, "") })
}

// TestReferrals are followed where that is asked for, and to an end.
func TestReferrals(t *testing.T) {
	for name, c := range map[string]struct {
		first, second *ldaptest.Server
		follow        bool
		entries       int
		problem       string
		asked         bool // the second
	}{
		"reference":      {referring(false, "ldap://1.test/dc=other"), good(), true, 1, "", true},
		"result":         {referring(true, "ldap://1.test/dc=other??sub"), good(), true, 1, "", true},
		"not followed":   {referring(false, "ldap://1.test/dc=other"), good(), false, 0, "", false},
		"result, not":    {referring(true, "ldap://1.test/dc=other"), good(), false, 0, "does not hold that part", false},
		"nothing there":  {referring(false, "ldap://1.test/dc=other"), empty(), true, 0, "", true},
		"refused there":  {referring(false, "ldap://1.test/dc=other"), result(ldaptest.Search, ldap.LDAPResultOperationsError), true, 0, "", true},
		"dead":           {referring(false, "ldap://1.test/dc=other"), &ldaptest.Server{Refuse: true}, true, 0, "1.test:389: connection refused", true},
		"no use":         {referring(false, "http://1.test/", "x", "ldap://", "ldapi://%2Frun", "ldap://1.test/CN=Configuration,dc=x", "ldap://1.test/DC=ForestDnsZones,dc=x"), good(), true, 0, "", false},
		"without end":    {referring(false, "ldap://1.test/dc=b"), referring(false, "ldap://1.test/dc=a"), true, 0, "", true},
		"more than once": {referring(false, "ldap://1.test/dc=b", "ldap://1.test/dc=a"), good(), true, 2, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPool(Options{}, c.first, c.second)
				p.servers.given = p.servers.given[:1] // the other is referred to only
				ask := p.Search
				if c.follow {
					ask = p.SearchFollowing
				}
				ctx, cancel := context.WithTimeout(t.Context(), most)
				defer cancel()
				found, err := ask(ctx, &ldap.SearchRequest{BaseDN: "dc=test", Scope: ldap.ScopeWholeSubtree, Filter: "(cn=Staff)"})
				if len(found) != c.entries || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
					t.Errorf("%d entries, %v", len(found), err)
				}
				if (c.second.Dialled() > 0) != c.asked || len(c.second.Seen()) > maxHops {
					t.Errorf("dialled %d times, %d requests", c.second.Dialled(), len(c.second.Seen()))
				}
				for _, r := range c.second.Seen() {
					if r.Base() == "dc=test" {
						t.Error("the base is not that of the referral")
					}
				}
			})
		})
	}
}

// TestReferralsPassword: the bind DN's password goes to another server only over TLS,
// which is begun there where it came first here, and only in the same domain.
func TestReferralsPassword(t *testing.T) {
	for _, c := range []struct {
		protected bool
		host      string // of the server that is known
		told      bool
	}{
		{false, "0.1.test", false}, {true, "0.1.test", true}, {true, "1.TEST", true},
		{true, "0.test", false}, {true, "0.2.test", false}, {true, "127.0.1.test", false}, {true, "192.0.2.7", false},
	} {
		protected := c.protected
		opt, _ := withSecret(t, Options{})
		config, ca := certificate(t, "1.test")
		opt.CA = OpenCA(ca, slog.New(slog.DiscardHandler))
		bubble(t, func(t *testing.T) {
			first, second := &ldaptest.Server{StartsTLS: protected}, good()
			second.TLS = config
			p := newPool(opt, first, second)
			p.servers.given = p.servers.given[:1]
			p.servers.given[0].host = c.host
			next, q, ok := p.referred("ldap://1.test/dc=other", &ldap.SearchRequest{Filter: "(cn=Staff)"})
			if !ok {
				t.Fatal("it is not followed")
			}
			if _, err := next.Search(t.Context(), q); err != nil {
				t.Error(err)
			}
			for _, r := range second.Seen() {
				if r.TLS != (protected && r.Op != ldaptest.Extended) {
					t.Errorf("request %#x, TLS: %v", r.Op, r.TLS)
				}
			}
			if n := second.Count(ldaptest.Bind); (n == 1) != c.told {
				t.Errorf("%s: %d binds", c.host, n)
			}
		})
	}
}
