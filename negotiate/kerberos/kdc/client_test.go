package kdc

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

const proxy = "proxy.example.org"

// TestTicket gets tickets for tickets of all encryption types.
func TestTicket(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		tgt := krbtest.TGT(enctype)
		address := serve(t, grants(t, tgt, nil))
		c := mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}), realms(krbtest.Realm, address))
		got, err := c.Ticket(t.Context(), proxy)
		if err != nil {
			t.Fatal(err)
		}
		if want := "HTTP/proxy.example.org@EXAMPLE.ORG kvno 3 " + initiator.EnctypeName(enctype); got.Ticket.String() != want || got.Client.String() != "alice@EXAMPLE.ORG" {
			t.Errorf("%s has %s, want %s", got.Client, got.Ticket, want)
		}
	}
}

// TestCached takes a ticket from the cache while it is good.
func TestCached(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	service := tgt
	service.Ticket.SName = []string{"HTTP", proxy}
	for end, want := range map[time.Duration]bool{time.Minute: true, 0: false, -time.Minute: false} {
		service.EndTime = krbtest.Now.Add(end).Truncate(time.Second)
		c := mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}, stored{Credential: service}), "")
		got, ok := c.Cached(proxy)
		if ok != want || ok && got.Ticket.SName[1] != proxy {
			t.Errorf("%v before its end: %s, %v", end, got.Ticket, ok)
		}
		if got, ok := c.Cached("other.example.org"); ok {
			t.Errorf("for another service there is %s", got.Ticket)
		}
	}
}

// TestReferral is sent from KDC to KDC.
func TestReferral(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	next := tgt
	next.Session = krbtest.Key(krbtest.AES256SHA1, "session") // as granted
	second := serve(t, grants(t, next, nil))
	first := serve(t, grants(t, tgt, func(g *krbtest.Grant) { g.Part.SName.NameString = []string{"krbtgt", "OTHER.TEST"} }))
	conf := realms(krbtest.Realm, first, "OTHER.TEST", second)
	for name, domains := range map[string]string{"KDC": "", "krb5.conf": "[domain_realm]\n .example.org = OTHER.TEST\n"} {
		c := mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}), conf+domains)
		got, err := c.Ticket(t.Context(), proxy)
		if err != nil || got.Ticket.SRealm != "OTHER.TEST" || got.Client.Realm != krbtest.Realm {
			t.Errorf("by the %s: %s, %v", name, got.Ticket, err)
		}
	}
}

// TestReferralLoop has KDCs that each know another.
func TestReferralLoop(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	asked := 0
	address := serve(t, func(request []byte) []byte {
		asked++
		with := tgt
		if asked > 1 {
			with.Session = krbtest.Key(krbtest.AES256SHA1, "session")
		}
		return grants(t, with, func(g *krbtest.Grant) { g.Part.SName.NameString = []string{"krbtgt", krbtest.Realm} })(request)
	})
	c := mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}), realms(krbtest.Realm, address))
	mustFail(t, c, "the KDCs refer to each other")
	if asked != maxReferrals {
		t.Errorf("%d KDCs were asked", asked)
	}
}

func mustFail(t *testing.T, c *Client, words ...string) error {
	t.Helper()
	got, err := c.Ticket(t.Context(), proxy)
	if err == nil {
		t.Fatalf("got %s", got.Ticket)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	return err
}

// TestRefused has a KDC that refuses, and words for each reason.
func TestRefused(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	for code, words := range map[int32]string{
		7:  "the KDC knows no such service: HTTP/proxy.example.org@EXAMPLE.ORG",
		8:  "several accounts have the principal HTTP/proxy.example.org@EXAMPLE.ORG",
		14: "give it AES keys",
		18: "log in with kinit",
		20: "log in with kinit",
		28: "trust",
		31: "log in with kinit",
		32: "log in with kinit",
		37: "here it is 12:00:00, there 12:00:00: set both clocks by NTP",
		60: `the KDC of EXAMPLE.ORG refuses a ticket for HTTP/proxy.example.org@EXAMPLE.ORG with Kerberos error 60 ("\x1b[2J")`,
	} {
		address := serve(t, func([]byte) []byte { return frame(krbtest.KDCError(code, "\x1b[2J")) })
		c := mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}), realms(krbtest.Realm, address))
		err := mustFail(t, c, words)
		if errors.Is(err, ErrUnknownService) != (code == 7) {
			t.Errorf("%d: %v", code, err)
		}
	}
	address := serve(t, func([]byte) []byte { return frame(krbtest.KDCError(7, "")) })
	c := mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}), realms(krbtest.Realm, address)+"[domain_realm]\nproxy.example.org = OTHER.TEST\n")
	mustFail(t, c, "the KDC of EXAMPLE.ORG knows no way to realm OTHER.TEST")
}

// TestBadKDC has what is no KDC at its address. The next one is asked if there was
// no answer.
func TestBadKDC(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	cache := cacheOf(4, tgt.Client, stored{Credential: tgt})
	good := serve(t, grants(t, tgt, nil))
	for name, c := range map[string]struct {
		answer []byte
		words  string
		next   bool
	}{
		"silence":   {nil, "no KDC of realm EXAMPLE.ORG answers: ", true},
		"no size":   {[]byte{0, 0}, "EOF", true},
		"zero size": {frame(nil), "no sensible size", true},
		"huge size": {[]byte{0xff, 0xff, 0xff, 0xff}, "no sensible size", true},
		"cut short": {frame(krbtest.KDCError(7, ""))[:20], "EOF", true},
		"text":      {[]byte("HTTP/1.0 400 Bad Request\r\n\r\n"), "no sensible size", true},
		"nonsense":  {frame([]byte("nonsense")), "the answer of the KDC of EXAMPLE.ORG cannot be used", false},
	} {
		bad := serve(t, func([]byte) []byte { return c.answer })
		mustFail(t, mustOpen(t, cache, realms(krbtest.Realm, bad)), c.words)
		both := realms(krbtest.Realm, bad+"\n  kdc = "+good)
		if _, err := mustOpen(t, cache, both).Ticket(t.Context(), proxy); (err == nil) != c.next {
			t.Errorf("%s: with another KDC: %v", name, err)
		}
	}
}

// TestGiveUp has a KDC that never answers, and a caller who does not wait.
func TestGiveUp(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	ctx, cancel := context.WithCancel(t.Context())
	held := make(chan struct{})
	defer close(held)
	address := serve(t, func([]byte) []byte {
		cancel()
		<-held
		return nil
	})
	c := mustOpen(t, cacheOf(4, tgt.Client, stored{Credential: tgt}), realms(krbtest.Realm, address))
	if got, err := c.Ticket(ctx, proxy); err == nil {
		t.Errorf("got %s", got.Ticket)
	}
}

// TestNoTGT has nothing to ask a KDC with.
func TestNoTGT(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	old, weak, foreign, broken := tgt, tgt, tgt, tgt
	old.EndTime = krbtest.Now.Add(-time.Hour).Truncate(time.Second)
	weak.Session.KeyType = 3
	foreign.Ticket.SName = []string{"krbtgt", "OTHER.TEST"}
	broken.Ticket.Version = 4
	for words, entries := range map[string][]stored{
		"has no ticket-granting ticket: log in with kinit":       {{Credential: foreign}},
		"cc of alice@EXAMPLE.ORG has no ticket-granting ticket":  nil,
		"expired 1h0m0s ago: log in with kinit":                  {{Credential: old}},
		"the ticket-granting ticket of alice@EXAMPLE.ORG cannot": {{Credential: weak}},
		"cc cannot be used: the message is malformed":            {{Credential: broken}},
	} {
		mustFail(t, mustOpen(t, cacheOf(4, tgt.Client, entries...), realms(krbtest.Realm, "127.0.0.1:1")), words)
	}
}
