package ldaplogin

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

const account = "proxy"

// center is a KDC that answers for one account whose key has a name. It knows the service of dc1 by its
// short name only.
type center struct {
	name             atomic.Value
	logins, services atomic.Int32
}

func (k *center) key() initiator.ServiceKey {
	return initiator.ServiceKey{Principal: initiator.Principal{Name: []string{account}, Realm: krbtest.Realm}, Kvno: krbtest.Kvno, Key: krbtest.Key(krbtest.AES256SHA1, k.name.Load().(string))}
}

func (k *center) answer(request []byte) []byte {
	if krbtest.IsLogin(request) {
		k.logins.Add(1)
		tgt, part, err := krbtest.ReadLogin(request, k.key())
		if err != nil {
			return krbtest.KDCError(24, "")
		}
		return krbtest.LoginAnswer(tgt, part, k.key())
	}
	k.services.Add(1)
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	tgt.Client = k.key().Principal
	grant, err := krbtest.NewGrant(request, tgt)
	if err != nil || len(grant.Part.SName.NameString) != 2 || grant.Part.SName.NameString[1] != "dc1.example.org" {
		return krbtest.KDCError(7, "")
	}
	return grant.Answer()
}

func (k *center) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		var size [4]byte
		if _, err := io.ReadFull(c, size[:]); err == nil {
			request := make([]byte, binary.BigEndian.Uint32(size[:]))
			if _, err := io.ReadFull(c, request); err == nil {
				answer := k.answer(request)
				_, _ = c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(answer))), answer...))
			}
		}
		c.Close()
	}
}

// open returns a KDC, a Login with the key that has a name, and its keytab.
func open(t *testing.T, name string) (*center, *Login, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	k := new(center)
	k.name.Store("right")
	go k.serve(listener)
	conf := filepath.Join(t.TempDir(), "krb5.conf")
	write(t, conf, []byte(fmt.Sprintf("[realms]\n %s = {\n  kdc = %s\n }\n", krbtest.Realm, listener.Addr())))
	path := filepath.Join(t.TempDir(), "keytab")
	write(t, path, keytab(name))
	l, err := Open(Options{
		Keytab: path, Domain: "example.org", Log: slog.New(slog.DiscardHandler),
		Lookup: func(name string) (string, bool) { return conf, name == "KRB5_CONFIG" },
		Now:    func() time.Time { return krbtest.Now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return k, l, path
}

func keytab(name string) []byte {
	return krbtest.Keytab(krbtest.Entry{Components: []string{account}, Realm: krbtest.Realm, Kvno: krbtest.Kvno, Key: krbtest.Key(krbtest.AES256SHA1, name)})
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTicket is for the name that the KDC knows, and kept.
func TestTicket(t *testing.T) {
	k, l, _ := open(t, "right")
	for range 3 {
		got, err := l.Ticket(t.Context(), "DC1.example.org")
		if err != nil {
			t.Fatal(err)
		}
		if c := got.(initiator.Credential); !strings.HasPrefix(c.Ticket.String(), "ldap/dc1.example.org@") {
			t.Errorf("%v", c.Ticket)
		}
	}
	if k.logins.Load() != 1 || k.services.Load() != 2 { // by the long name first
		t.Errorf("%d logins, %d requests for services", k.logins.Load(), k.services.Load())
	}
	for host, want := range map[string]string{
		"dc9.example.org": "knows no service ldap/dc9.example.org",
		"192.0.2.1":       "a ticket is for a server's name",
		"2001:db8::1":     "a ticket is for a server's name",
		"":                "a ticket is for a server's name",
	} {
		if _, err := l.Ticket(t.Context(), host); err == nil || !strings.Contains(err.Error(), want) || ldapconn.IsRefused(err) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// TestRefusedKey: a wrong key is one guess, until there is another.
func TestRefusedKey(t *testing.T) {
	k, l, path := open(t, "wrong")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := l.Ticket(t.Context(), "dc1.example.org"); !ldapconn.IsRefused(err) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if _, err := l.Ticket(t.Context(), "dc1.example.org"); !ldapconn.IsRefused(err) || k.logins.Load() != 1 {
		t.Errorf("%v after %d logins", err, k.logins.Load())
	}
	write(t, path, keytab("right"))
	if _, err := l.keytab.Latest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Ticket(t.Context(), "dc1.example.org"); err != nil || k.logins.Load() != 2 {
		t.Errorf("%v after %d logins", err, k.logins.Load())
	}
}

// TestNoKeytab: a keytab that is missing, or of somebody else, is said so.
func TestNoKeytab(t *testing.T) {
	for name, path := range map[string]string{"missing": "/nonexistent/keytab", "of somebody else": ""} {
		opt := Options{Keytab: path, Principal: "nobody", Log: slog.New(slog.DiscardHandler), Lookup: func(string) (string, bool) { return "", false }}
		if path == "" {
			opt.Keytab = filepath.Join(t.TempDir(), "keytab")
			write(t, opt.Keytab, keytab("right"))
		}
		l, err := Open(opt)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Ticket(t.Context(), "dc1.example.org"); err == nil || !strings.Contains(err.Error(), "keytab") || ldapconn.IsRefused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAdvice(t *testing.T) {
	strong := ldap.NewError(ldap.LDAPResultStrongAuthRequired, errors.New("sign or seal"))
	if err := withAdvice(strong, true); !strings.Contains(err.Error(), "allow_sasl_over_tls") || !strings.Contains(err.Error(), "sign or seal") {
		t.Error(err)
	}
	if err := withAdvice(strong, false); err != strong {
		t.Error(err)
	}
}

// server is the other side of a SASL login, which answers always the same.
type server struct {
	done  bool
	err   error
	steps int
}

func (s *server) Step(mechanism string, _ []byte) ([]byte, bool, error) {
	s.steps++
	if mechanism != "GSSAPI" {
		return nil, false, errors.New("another mechanism")
	}
	return []byte("no token"), s.done, s.err
}

func (*server) TLS() *tls.ConnectionState { return nil }

// TestLogIn: nobody is logged in by a success that comes before the server has proved
// itself, nor by an answer to the ticket that is not the service's.
func TestLogIn(t *testing.T) {
	refused := ldap.NewError(ldap.LDAPResultInvalidCredentials, errors.New("no"))
	_, l, _ := open(t, "right")
	ticket, err := l.Ticket(t.Context(), "dc1.example.org")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		server server
		want   error // nil: any
	}{
		"success at once": {server{done: true}, errOrder},
		"refused":         {server{err: refused}, refused},
		"another service": {server{}, nil},
	} {
		near, far := net.Pipe()
		defer far.Close()
		err := l.Bind(&c.server, l.Over(near), ticket)
		if err == nil || c.want != nil && err != c.want || c.server.steps != 1 {
			t.Errorf("%s: %v after %d steps", name, err, c.server.steps)
		}
	}
}
