package ldapconn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
)

const (
	bindDN   = "cn=proxy"
	password = "pass-of-the-proxy"
)

// The tests' servers have one entry.
var entry = ldaptest.Attribute{Name: "cn", Values: []string{"Staff"}}

// answer is what a good server says.
func answer(r ldaptest.Request) []byte {
	if r.Op == ldaptest.Search {
		return append(r.Entry("cn=Staff", entry), r.Result(ldap.LDAPResultSuccess, "")...)
	}
	return r.Result(ldap.LDAPResultSuccess, "")
}

// answering returns a server that fails for one kind of request.
func answering(op byte, reply func(ldaptest.Request) []byte) *ldaptest.Server {
	return &ldaptest.Server{Reply: func(r ldaptest.Request) []byte {
		if r.Op == op {
			return reply(r)
		}
		return answer(r)
	}}
}

func good() *ldaptest.Server { return &ldaptest.Server{Reply: answer} }

func silence(ldaptest.Request) []byte { return []byte{} }
func hangup(ldaptest.Request) []byte  { return nil }

// newPool returns a Pool of the servers, called ldap://0.test and so on.
func newPool(opt Options, servers ...*ldaptest.Server) *Pool {
	byAddress := make(map[string]*ldaptest.Server)
	for i, s := range servers {
		host := string(rune('0'+i)) + ".test"
		server := Server{scheme: schemePlain, host: host, address: host + ":389"}
		if s.StartsTLS {
			server.scheme = schemeTLS
		}
		opt.Servers = append(opt.Servers, server)
		byAddress[server.address] = s
	}
	opt.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return byAddress[address].Dial(ctx, network, address)
	}
	return New(opt)
}

// most is the time that a search may take.
const most = 2 * time.Second

// search asks for the entry. It fails the test if that takes too long.
func search(t *testing.T, p *Pool) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	began := time.Now()
	found, err := p.Search(ctx, &ldap.SearchRequest{BaseDN: "dc=test", Filter: "(cn=Staff)", Attributes: []string{"cn"}})
	if took := time.Since(began); took > most {
		t.Errorf("a search took %v", took)
	}
	if err == nil && (len(found) != 1 || found[0].GetAttributeValue("cn") != "Staff") {
		return errors.New("other entries")
	}
	return err
}

// bubble runs a test in virtual time, at whose end all connections are closed.
func bubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t)
		time.Sleep(idleMost)
		synctest.Wait()
	})
}

// withSecret binds with a password, which is in a file.
func withSecret(t *testing.T, opt Options) (Options, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, password+"\n")
	source, err := OpenSecret(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	opt.BindDN, opt.Secret = bindDN, source
	return opt, path
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Unix(1e9, int64(len(content))) // before what is virtual, and at rest
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

// certificate returns a server's own certificate, and the file with it. It is good
// in real and in virtual time.
func certificate(t *testing.T, host string) (*tls.Config, string) {
	t.Helper()
	return certificateUntil(t, host, time.Unix(1<<32, 0))
}

func certificateUntil(t *testing.T, host string, end time.Time) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host},
		NotBefore: time.Unix(0, 0), NotAfter: end,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	write(t, path, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, path
}
