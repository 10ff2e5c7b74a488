//go:build unix

package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"squidauth/ntlm"
	"squidauth/ntlm/hashes"
)

// StartNTLMOrigin starts a web server that knows its users by NTLM, from a file of
// hashes, and greets each by name. It returns its address.
func StartNTLMOrigin(t testing.TB, hashFile string) string {
	t.Helper()
	a := &ntlm.Acceptor{
		Verifier: hashes.Open(hashFile, hashes.Options{Domain: "ORIGIN", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}),
		Target:   ntlm.Target{Computer: "WWW", Domain: "ORIGIN"},
		Now:      time.Now,
		Rand:     rand.Reader,
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(originLoginKey{}).(*originLogin).serve(a, w, r)
	}))
	// The state of a login belongs to the TCP connection, and nothing that a client
	// sends leads to that of another.
	server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, originLoginKey{}, new(originLogin))
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

type originLoginKey struct{}

// originLogin is what the origin knows of a connection.
type originLogin struct {
	handshake *ntlm.Server
	client    *ntlm.Client
}

func (l *originLogin) serve(a *ntlm.Acceptor, w http.ResponseWriter, r *http.Request) {
	challenge := "NTLM"
	if encoded, ok := strings.CutPrefix(r.Header.Get("Authorization"), "NTLM "); ok {
		if token, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			challenge = l.next(r.Context(), a, token)
		}
	}
	if l.client == nil {
		w.Header().Set("WWW-Authenticate", challenge)
		http.Error(w, "log in", http.StatusUnauthorized)
		return
	}
	fmt.Fprint(w, OriginGreeting(l.client.Name))
}

func (l *originLogin) next(ctx context.Context, a *ntlm.Acceptor, token []byte) (challenge string) {
	handshake := l.handshake
	l.handshake, l.client = nil, nil
	if handshake == nil {
		handshake = ntlm.NewServer(a)
	}
	step, err := handshake.Next(ctx, token)
	switch {
	case err != nil:
		return "NTLM"
	case step.Client != nil:
		l.client = step.Client
		return ""
	}
	l.handshake = handshake
	return ntlmHeader(step.Token)
}

// OriginGreeting is what the NTLM origin answers a user with.
func OriginGreeting(user string) string { return "hello " + user + "\n" }
