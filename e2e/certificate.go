//go:build unix

package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

// An authority signs certificates that are good for a day.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	serial      int64
}

// newAuthority makes an authority and writes its certificate to a file, in PEM.
func newAuthority(path string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := certificate("Test CA", 1)
	c.IsCA, c.BasicConstraintsValid = true, true
	c.KeyUsage = x509.KeyUsageCertSign
	a := &authority{certificate: c, key: key, serial: 1}
	return a, a.sign(path, c, key.Public())
}

// server makes the certificate of a server and its key, in the files prefix.pem and
// prefix.key.
func (a *authority) server(prefix, host string, address net.IP) error {
	c := a.next(host)
	c.DNSNames, c.IPAddresses = []string{host}, []net.IP{address}
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return a.issue(prefix, c)
}

// client makes the certificate of a client likewise.
func (a *authority) client(prefix, name string) error {
	c := a.next(name)
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.issue(prefix, c)
}

func (a *authority) next(name string) *x509.Certificate {
	a.serial++
	c := certificate(name, a.serial)
	c.KeyUsage = x509.KeyUsageDigitalSignature
	return c
}

func (a *authority) issue(prefix string, c *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := a.sign(prefix+".pem", c, key.Public()); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	// Samba refuses a key that others can read.
	return writePEM(prefix+".key", "PRIVATE KEY", der, 0o600)
}

func (a *authority) sign(path string, c *x509.Certificate, key crypto.PublicKey) error {
	der, err := x509.CreateCertificate(rand.Reader, c, a.certificate, key, a.key)
	if err != nil {
		return err
	}
	return writePEM(path, "CERTIFICATE", der, 0o644)
}

func certificate(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		Subject:      pkix.Name{CommonName: name},
		SerialNumber: big.NewInt(serial),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(90 * 24 * time.Hour), // not soon to be renewed
	}
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
