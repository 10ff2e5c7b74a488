package ntlm_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	azure "github.com/Azure/go-ntlmssp"

	"squidauth/ntlm"
	"squidauth/ntlm/hashes"
)

// connection is what a server knows of one TCP connection. HTTP/1.1 has one request
// at a time on it.
type connection struct {
	handshake *ntlm.Server // until the client has answered the challenge
	client    *ntlm.Client
}

type connectionKey struct{}

// withConnection is for http.Server.ConnContext: the state of a login belongs to the
// connection, and nothing that a client sends leads to that of another.
func withConnection(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, new(connection))
}

// requireNTLM lets clients pass that have logged in on their connection ([MS-NTHT]).
// It must not be used with HTTP/2, where a connection may be shared.
func requireNTLM(a *ntlm.Acceptor, next func(http.ResponseWriter, *http.Request, *ntlm.Client)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := r.Context().Value(connectionKey{}).(*connection)
		answer := "NTLM"
		if encoded, ok := strings.CutPrefix(r.Header.Get("Authorization"), "NTLM "); ok {
			if token, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				answer = c.login(r.Context(), a, token)
			}
		}
		if c.client == nil {
			w.Header().Set("WWW-Authenticate", answer)
			http.Error(w, "log in", http.StatusUnauthorized)
			return
		}
		next(w, r, c.client)
	}
}

// login takes a token and returns what the client is to be told.
func (c *connection) login(ctx context.Context, a *ntlm.Acceptor, token []byte) string {
	handshake := c.handshake
	c.handshake, c.client = nil, nil // whoever sends a token begins anew
	if handshake == nil {
		handshake = ntlm.NewServer(a)
	}
	step, err := handshake.Next(ctx, token)
	switch {
	case err != nil:
		return "NTLM"
	case step.Client != nil:
		c.client = step.Client
		return ""
	}
	c.handshake = handshake
	return "NTLM " + base64.StdEncoding.EncodeToString(step.Token)
}

// An HTTP server that knows its users by NTLM, and a client that is one of them.
func Example() {
	dir, err := os.MkdirTemp("", "ntlm")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "hashes")
	if _, err := hashes.Set(file, "alice", "secret"); err != nil {
		panic(err)
	}
	acceptor := &ntlm.Acceptor{
		Verifier: hashes.Open(file, hashes.Options{Domain: "EXAMPLE", Log: slog.Default()}),
		Target:   ntlm.Target{Computer: "WWW", Domain: "EXAMPLE", DNSComputer: "www.example.org"},
		Now:      time.Now,
		Rand:     rand.Reader,
	}
	server := httptest.NewUnstartedServer(requireNTLM(acceptor, func(w http.ResponseWriter, _ *http.Request, c *ntlm.Client) {
		fmt.Fprintf(w, `Hello %s\%s`, c.Domain, c.Name)
	}))
	server.Config.ConnContext = withConnection
	server.Start()
	defer server.Close()

	for _, password := range []string{"secret", "wrong"} {
		client := &http.Client{Transport: azure.Negotiator{RoundTripper: new(http.Transport)}} // a connection of its own
		request, err := http.NewRequest(http.MethodGet, server.URL, nil)
		if err != nil {
			panic(err)
		}
		request.SetBasicAuth("alice", password)
		response, err := client.Do(request)
		if err != nil {
			panic(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Println(response.StatusCode, strings.TrimSpace(string(body)), err)
	}
	// Output:
	// 200 Hello EXAMPLE\alice <nil>
	// 401 log in <nil>
}
