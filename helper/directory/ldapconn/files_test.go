package ldapconn

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseCA(t *testing.T) {
	for _, content := range []string{"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if pool, err := parseCA([]byte(content)); err == nil || pool != nil {
			t.Errorf("%q: %v", content, pool)
		}
	}
}

// TestCertificate shows the certificate of the files as they are now.
func TestCertificate(t *testing.T) {
	server, ca := certificate(t, "0.test")
	first, firstPEM := certificate(t, "proxy")
	second, secondPEM := certificate(t, "proxy")
	key := filepath.Join(t.TempDir(), "key.pem")
	own := filepath.Join(t.TempDir(), "own.pem")
	install := func(c *tls.Config, certificate string) {
		der, err := x509.MarshalPKCS8PrivateKey(c.Certificates[0].PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(certificate)
		if err != nil {
			t.Fatal(err)
		}
		write(t, own, string(content))
		write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	}
	log := slog.New(slog.DiscardHandler)
	install(first, firstPEM)
	var seen [][]byte
	server.ClientAuth = tls.RequireAnyClientCert
	server.VerifyPeerCertificate = func(raw [][]byte, _ [][]*x509.Certificate) error {
		seen = append(seen, raw[0])
		return nil
	}
	for n, c := range []*tls.Config{first, second} {
		install(c, []string{firstPEM, secondPEM}[n])
		opt := Options{CA: OpenCA(ca, log), Certificate: OpenCertificate(own, key, log)}
		bubble(t, func(t *testing.T) {
			s := good()
			s.TLS, s.StartsTLS = server, true
			if err := search(t, newPool(opt, s)); err != nil {
				t.Error(err)
			}
		})
		if len(seen) != n+1 || string(seen[n]) != string(c.Certificates[0].Certificate[0]) {
			t.Errorf("%d certificates shown, of which the last is another", len(seen))
		}
	}
	write(t, key, "no key")
	bubble(t, func(t *testing.T) {
		s := good()
		s.TLS, s.StartsTLS = server, true
		err := search(t, newPool(Options{CA: OpenCA(ca, log), Certificate: OpenCertificate(own, key, log)}, s))
		if err == nil || !strings.Contains(err.Error(), "certificate and its key cannot be used") {
			t.Error(err)
		}
	})
}
