package ntlm_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/ntlm"
	"squidauth/ntlm/hashes"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// now is the time of all handshakes.
var now = time.Date(2026, 11, 22, 4, 10, 26, 0, time.UTC)

var target = ntlm.Target{Computer: "PROXY", Domain: "EXAMPLE", DNSComputer: "proxy.example.org", DNSDomain: "example.org"}

// passwords of the users that the tests know.
var passwords = map[string]string{"alice": "päss wörd", "bob": "secret", "müller": "x"}

func alice() ntlmtest.Client {
	return ntlmtest.Client{Domain: "EXAMPLE", User: "alice", Password: passwords["alice"], Workstation: "PC-7", ClientChallenge: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}
}

// counter is the random numbers: they differ, and are the same in every run.
type counter struct{ n byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		c.n++
		b[i] = c.n
	}
	return len(b), nil
}

func newAcceptor(tb testing.TB) *ntlm.Acceptor {
	tb.Helper()
	var file strings.Builder
	for user, password := range passwords {
		hash := ntlmssp.NTOWFv1(password)
		fmt.Fprintf(&file, "%s:%s\n", user, hex.EncodeToString(hash[:]))
	}
	path := filepath.Join(tb.TempDir(), "hashes")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return &ntlm.Acceptor{
		Verifier: hashes.Open(path, hashes.Options{Domain: "EXAMPLE", Log: quiet()}),
		Target:   target,
		Now:      func() time.Time { return now },
		Rand:     &counter{},
	}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// verdict is a Verifier that always says the same, and counts how often.
type verdict struct {
	ntlm.Verdict
	asked int
	last  *ntlm.Logon
}

func (v *verdict) Verify(_ context.Context, l *ntlm.Logon) ntlm.Verdict {
	v.asked++
	v.last = l
	return v.Verdict
}

// begin sends the first message and returns the challenge.
func begin(tb testing.TB, s *ntlm.Server, negotiate []byte) []byte {
	tb.Helper()
	step, err := s.Next(tb.Context(), negotiate)
	if err != nil || step.Client != nil || len(step.Token) == 0 {
		tb.Fatalf("%+v, %v", step, err)
	}
	return step.Token
}

// login is a whole handshake.
func login(tb testing.TB, a *ntlm.Acceptor, c ntlmtest.Client) (ntlm.Step, error) {
	tb.Helper()
	s, negotiate := ntlm.NewServer(a), c.Negotiate()
	return s.Next(tb.Context(), answer(tb, c, negotiate, begin(tb, s, negotiate)))
}

func answer(tb testing.TB, c ntlmtest.Client, negotiate, challenge []byte) []byte {
	tb.Helper()
	token, err := c.Authenticate(negotiate, challenge)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// wantUser wants the client to be that user, under the name that the file has.
func wantUser(t *testing.T, step ntlm.Step, err error, user string) {
	t.Helper()
	if err != nil {
		t.Errorf("%v: %v", reasonOf(err), err)
	} else if step.Client == nil || step.Client.Name != user || step.Token != nil {
		t.Errorf("%+v, want %s", step, user)
	}
}

func wantRefused(t *testing.T, step ntlm.Step, err error, reason ntlm.Reason, undecided bool) {
	t.Helper()
	if step.Client != nil || step.Token != nil {
		t.Errorf("with error %v: %+v", err, step)
	}
	var e *ntlm.Error
	if !errors.As(err, &e) || e.Reason != reason || e.Undecided != undecided {
		t.Errorf("%v: %v, want %v", reasonOf(err), err, reason)
	}
}

func reasonOf(err error) ntlm.Reason {
	var e *ntlm.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}
