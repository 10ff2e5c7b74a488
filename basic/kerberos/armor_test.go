package kerberos

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/protocol"
)

// keytabOf writes a keytab with the user's key, too.
func keytabOf(t *testing.T, user, password string) []byte {
	t.Helper()
	key, err := initiator.DefaultKeyInfo(initiator.Principal{Name: []string{user}, Realm: krbtest.Realm}, krbtest.AES256SHA1).Key(password)
	if err != nil {
		t.Fatal(err)
	}
	return krbtest.Keytab(
		krbtest.Entry{Components: []string{"HTTP", "proxy.example.org"}, Realm: krbtest.Realm, Kvno: krbtest.Kvno, Key: krbtest.ServiceKey(krbtest.AES256SHA1)},
		krbtest.Entry{Components: []string{user}, Realm: krbtest.Realm, Kvno: 1, Key: key})
}

// TestFASTMissing has a KDC that does not do FAST, or somebody in between who takes it
// off: nobody is let in, nobody is told that the password is wrong, and no guess is
// made.
func TestFASTMissing(t *testing.T) {
	k := newKDC(users())
	b := newBackend(t, func(o *Options) {
		o.FAST, o.Keytab = "alice@EXAMPLE.ORG", keytab(t, keytabOf(t, "alice", "alices-secret")...)
	}, listen(t, k.Answer))
	for _, user := range []string{"jürgen", "bob", "eve"} {
		mustAnswer(t, b, user, users()[user].Password, "BH answer-not-protected", "FAST")
	}
	if n := k.Guesses("jürgen"); n != 0 {
		t.Errorf("%d guesses", n)
	}
}

// TestNoArmor has no ticket to protect logins with.
func TestNoArmor(t *testing.T) {
	k := newKDC(users())
	address := listen(t, k.Answer)
	for principal, c := range map[string]struct {
		password string
		want     string
		words    string
	}{
		"alice": {"another-secret", "BH service-account-refused", "the keytab has not the account's key of today"},
		"bob":   {"another-secret", "BH service-account-refused", "the keytab has not the account's key of today"},
		"eve":   {"secret", "BH service-account-refused", "it knows no such account"},
	} {
		clock := now()
		b := newBackend(t, func(o *Options) {
			o.FAST, o.Keytab = principal+"@EXAMPLE.ORG", keytab(t, keytabOf(t, principal, c.password)...)
			o.Now = func() time.Time { return clock }
		}, address)
		before := k.Guesses("alice")
		mustAnswer(t, b, "jürgen", "not-a-secret", c.want, c.words)
		mustAnswer(t, b, "jürgen", "not-a-secret", c.want, c.words)
		if n := k.Guesses("alice") - before; n > 1 {
			t.Errorf("%s was refused %d times", principal, n)
		}
		clock = clock.Add(armorAgain + time.Second)
		mustAnswer(t, b, "jürgen", "not-a-secret", c.want, c.words)
		if n := k.Guesses("alice") - before; principal == "alice" && n != 2 {
			t.Errorf("%d tries", n)
		}
	}
	b := newBackend(t, func(o *Options) { o.FAST = "HTTP/other@EXAMPLE.ORG" }, address)
	mustAnswer(t, b, "jürgen", "not-a-secret", "BH no-keytab", "the principal for FAST")
	b = newBackend(t, func(o *Options) {
		o.FAST = krbtest.Service + "@EXAMPLE.ORG"
		o.KDCs = kdc.NewRealms(nil, map[string][]string{krbtest.Realm: {"127.0.0.1:1"}}, now)
	})
	mustAnswer(t, b, "jürgen", "not-a-secret", "BH server-unavailable")
}

// TestArmorSeldom: a key that is refused is tried ever more seldom, as each time may
// count; another one at once.
func TestArmorSeldom(t *testing.T) {
	k, clock := newKDC(users()), now()
	path := filepath.Join(t.TempDir(), "keytab")
	write := func(password string) {
		if err := os.WriteFile(path, keytabOf(t, "alice", password), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("another-secret")
	file := negotiate.OpenKeytab(path, negotiate.KeytabOptions{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	b := newBackend(t, func(o *Options) {
		o.FAST, o.Keytab, o.Now = "alice@EXAMPLE.ORG", file, func() time.Time { return clock }
	}, listen(t, k.Answer))
	for range 60 * 60 {
		clock = clock.Add(time.Second)
		mustAnswer(t, b, "jürgen", "not-a-secret", "BH service-account-refused")
	}
	if n := k.Guesses("alice"); n < 10 || n > 20 {
		t.Errorf("%d tries in an hour", n)
	}
	before := k.Guesses("alice")
	write("alices-secret")
	if err := b.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Authenticate(t.Context(), "jürgen", "not-a-secret")
	if n := k.Guesses("alice") - before; n != 1 {
		t.Errorf("the new key was tried %d times", n)
	}
}

// TestArmorWait has a login end that waits for the ticket.
func TestArmorWait(t *testing.T) {
	b := newBackend(t, func(o *Options) { o.FAST = krbtest.Service + "@EXAMPLE.ORG" }, "127.0.0.1:1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v := b.Authenticate(ctx, "alice", "not-a-secret"); v.Outcome() != protocol.Unavailable || v.Reason() != "server-unavailable" {
		t.Errorf("got %v %s", v.Outcome(), v.Reason())
	}
}
