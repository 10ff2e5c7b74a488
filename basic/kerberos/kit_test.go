package kerberos

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/protocol"
)

// newKDC returns one that knows the users.
func newKDC(users map[string]krbtest.User) *krbtest.KDC {
	return &krbtest.KDC{Users: users, Now: now}
}

func now() time.Time { return krbtest.Now }

// listen has answer answer requests, and returns where.
func listen(t testing.TB, answer func([]byte) []byte) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				krbtest.ServeConn(conn, answer)
			}()
		}
	}()
	return listener.Addr().String()
}

// keytab writes a keytab, with keys of all types for the service unless it has content.
func keytab(t testing.TB, content ...byte) *negotiate.Keytab {
	t.Helper()
	if content == nil {
		content = krbtest.ServiceKeytab(krbtest.Enctypes()...)
	}
	path := filepath.Join(t.TempDir(), "keytab")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return negotiate.OpenKeytab(path, negotiate.KeytabOptions{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
}

// newBackend returns one that asks the KDCs.
func newBackend(t testing.TB, edit func(*Options), kdcs ...string) *Backend {
	t.Helper()
	opt := Options{
		Names:  Names{Realms: []string{krbtest.Realm}},
		KDCs:   kdc.NewRealms(os.LookupEnv, map[string][]string{krbtest.Realm: kdcs}, now),
		Keytab: keytab(t),
		Log:    slog.New(slog.DiscardHandler),
		Now:    now,
	}
	if edit != nil {
		edit(&opt)
	}
	return New(opt)
}

// ask returns outcome, reason and cause of a login.
func ask(t testing.TB, b *Backend, user, password string) string {
	t.Helper()
	v := b.Authenticate(t.Context(), user, protocol.Secret(password))
	words := v.Outcome().String() + " " + string(v.Reason())
	if v.Outcome() == protocol.Accepted {
		words += " " + v.Identity().User
	}
	if v.Cause() != nil {
		words += ": " + v.Cause().Error()
	}
	if password != "" && strings.Contains(words, password) {
		t.Errorf("the password is in %q", words)
	}
	return words
}

// mustAnswer wants an answer that begins so, or one of its words.
func mustAnswer(t testing.TB, b *Backend, user, password, want string, words ...string) {
	t.Helper()
	got := ask(t, b, user, password)
	if got != want && !strings.HasPrefix(got, want+":") {
		t.Errorf("%s: got %q, want %q", user, got, want)
	}
	for _, w := range words {
		if !strings.Contains(got, w) {
			t.Errorf("%s: %q does not say %q", user, got, w)
		}
	}
}
