//go:build unix

package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"squidauth/ntlm/ntlmssp"
)

// NTLMAuth returns the auth_param lines of an NTLM helper; children and more are as for
// Basic, but such a helper has one request at a time.
func NTLMAuth(command, children string, more ...string) string {
	options := append([]string{"program " + command, "children " + children, "keep_alive on"}, more...)
	return "auth_param ntlm " + strings.Join(options, "\nauth_param ntlm ") + "\n"
}

// NTUser returns a user whose hash is the NT hash in hex.
func NTUser(name, password string) User {
	sum := ntlmssp.NTOWFv1(password)
	return User{name, password, hex.EncodeToString(sum[:])}
}

// NTLMMessages makes a client's messages: without a challenge the first, with one the
// second.
type NTLMMessages func(challenge []byte) ([]byte, error)

// Connection is a client's TCP connection to Squid. It is used by one goroutine.
type Connection struct {
	conn   net.Conn
	reader *bufio.Reader
}

// Connect opens a connection, which is closed when the test ends.
func (s *Squid) Connect(t testing.TB) *Connection {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(curlTimeout * time.Second))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &Connection{conn, bufio.NewReader(conn)}
}

// Close closes the connection before the test ends.
func (c *Connection) Close() error { return c.conn.Close() }

// Get fetches a URL, with a Proxy-Authorization header unless that is empty, and
// returns the answer and Squid's Proxy-Authenticate header.
func (c *Connection) Get(url, authorization string) (Answer, string, error) {
	header := make(http.Header)
	if authorization != "" {
		header.Set("Proxy-Authorization", authorization)
	}
	a, answered, err := c.get(url, header)
	a.Authorization = authorization
	return a, answered.Get("Proxy-Authenticate"), err
}

// GetFromOrigin fetches a URL with an NTLM token for the origin, unless that is nil,
// and returns the answer and the origin's token.
func (c *Connection) GetFromOrigin(url string, token []byte) (Answer, []byte, error) {
	header := make(http.Header)
	if token != nil {
		header.Set("Authorization", ntlmHeader(token))
	}
	a, answered, err := c.get(url, header)
	if err != nil {
		return a, nil, err
	}
	encoded, _ := strings.CutPrefix(answered.Get("WWW-Authenticate"), "NTLM ")
	challenge, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil { // the scheme alone
		return a, nil, nil
	}
	return a, challenge, nil
}

func (c *Connection) get(url string, header http.Header) (Answer, http.Header, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return Answer{}, nil, err
	}
	request.Header = header
	if err := request.WriteProxy(c.conn); err != nil {
		return Answer{}, nil, err
	}
	response, err := http.ReadResponse(c.reader, request)
	if err != nil {
		return Answer{}, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{Request: Request{URL: url}, Status: response.StatusCode, Body: string(body)}, response.Header, err
}

// Challenge begins an NTLM login.
func (c *Connection) Challenge(url string, m NTLMMessages) ([]byte, error) {
	negotiate, err := m(nil)
	if err != nil {
		return nil, err
	}
	a, header, err := c.Get(url, ntlmHeader(negotiate))
	if err != nil {
		return nil, err
	}
	encoded, ok := strings.CutPrefix(header, "NTLM ")
	if !ok || a.Status != http.StatusProxyAuthRequired {
		return nil, fmt.Errorf("no challenge: status %d, %q, %.80q", a.Status, header, a.Body)
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// Answer fetches a URL with the answer to the challenge.
func (c *Connection) Answer(url string, m NTLMMessages, challenge []byte) (Answer, error) {
	token, err := m(challenge)
	if err != nil {
		return Answer{}, err
	}
	a, _, err := c.Get(url, ntlmHeader(token))
	return a, err
}

// Login is a whole NTLM login.
func (c *Connection) Login(url string, m NTLMMessages) (Answer, error) {
	challenge, err := c.Challenge(url, m)
	if err != nil {
		return Answer{}, err
	}
	return c.Answer(url, m, challenge)
}

func ntlmHeader(token []byte) string { return "NTLM " + base64.StdEncoding.EncodeToString(token) }
