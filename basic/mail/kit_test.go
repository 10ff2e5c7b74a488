package mail

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// A script is what a server does on a connection, line by line:
//
//	< LINE      it sends LINE; TAG is the tag of the last command of IMAP
//	<< TEXT     it sends TEXT in one packet, with \r and \n as in Go
//	> REGEXP    it reads a line, which REGEXP must match whole
//	tls         it goes on with TLS
//	tls 1.0     … of an old version
//	endless     it sends lines without end
//	endless line
//	drip        it sends a byte a second, and no end of the line
//	swallow     it reads a packet, whatever it is
//	silence     it says nothing more
//
// At its end it hears what else is said, and waits for the other side to close; "close"
// has it close at once.
type script string

// server plays a script on each connection, the first on the first and so on. Its
// fields are set before it is used.
type server struct {
	t       *testing.T
	scripts []script
	refuse  bool // dialling fails
	hang    bool // dialling waits
	tcp     bool // real connections, where both sides may talk at once

	mu      sync.Mutex
	dialled int
	heard   []string // lines of clients
	play    sync.WaitGroup
}

func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialled++
	switch {
	case s.refuse:
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	case s.hang:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	near, far := net.Pipe()
	if s.tcp {
		near, far = tcpPipe(s.t)
	}
	text := s.scripts[min(s.dialled, len(s.scripts))-1]
	s.play.Go(func() { s.run(far, text) })
	return near, nil
}

func tcpPipe(t *testing.T) (near, far net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if near, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// lines returns what clients said.
func (s *server) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

func (s *server) run(raw net.Conn, text script) {
	defer raw.Close()
	conn, in, tag := raw, bufio.NewReader(raw), ""
	for step := range strings.Lines(string(text)) {
		step = strings.TrimLeft(strings.TrimSuffix(step, "\n"), "\t")
		verb, arg, _ := strings.Cut(step, " ")
		var err error
		switch verb {
		case "":
		case "<":
			_, err = io.WriteString(conn, strings.ReplaceAll(arg, "TAG", tag)+"\r\n")
		case "<<":
			arg = strings.NewReplacer(`\r`, "\r", `\n`, "\n", "TAG", tag).Replace(arg)
			_, err = io.WriteString(conn, arg)
		case ">":
			err = s.read(in, arg, &tag)
		case "tls":
			config := serverTLS()
			if arg == "1.0" {
				config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
			}
			over := tls.Server(raw, config)
			err = over.Handshake()
			conn, in = over, bufio.NewReader(over)
		case "endless":
			end := "\r\n"
			if arg == "line" {
				end = ""
			}
			for err == nil {
				_, err = io.WriteString(conn, "* and so on"+end)
			}
		case "drip":
			for err == nil {
				time.Sleep(time.Second)
				_, err = io.WriteString(conn, "+")
			}
		case "swallow":
			_, err = in.Peek(1)
			in.Discard(in.Buffered())
		case "silence", "close":
		}
		if err != nil || verb == "close" {
			return // the client has heard enough
		}
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		s.hear(line)
	}
}

func (s *server) read(in *bufio.Reader, pattern string, tag *string) error {
	line, err := in.ReadString('\n')
	if err != nil {
		return err
	}
	line = s.hear(line)
	if !regexp.MustCompile("^(?:" + pattern + ")$").MatchString(line) {
		s.t.Errorf("the client says %q, want %s", line, pattern)
	}
	if first, _, _ := strings.Cut(line, " "); isTag.MatchString(first) {
		*tag = first
	}
	return nil
}

var isTag = regexp.MustCompile("^a[0-9a-f]{8}x[0-9]+$")

func (s *server) hear(line string) string {
	line, crlf := strings.CutSuffix(line, "\r\n")
	if !crlf {
		s.t.Errorf("a line without CRLF: %q", line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, line)
	return line
}

// ask has a Backend with the options log in once, and returns what came of it.
func ask(t *testing.T, opt Options, user, password string) basic.Verdict {
	t.Helper()
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	b, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return b.Authenticate(ctx, user, protocol.Secret(password))
}

func mustParse(t *testing.T, p Protocol, word string) Server {
	t.Helper()
	s, err := ParseServer(p, word)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// identity is a certificate for mail.example.org and the one that signed it.
var identity = sync.OnceValue(func() (id struct {
	server tls.Certificate
	ca     []byte // in PEM
}) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.org"},
		DNSNames: []string{"mail.example.org"},
		// It is good by the clock and by that of testing/synctest.
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	id.server = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	id.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return id
})

func serverTLS() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{identity().server}} }

// caFile writes the certificate of the servers' CA.
func caFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, identity().ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
