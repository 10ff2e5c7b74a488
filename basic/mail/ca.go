package mail

import (
	"crypto/x509"
	"errors"
	"log/slog"

	"squidauth/helper/watch"
)

// OpenCA returns the file with the certificates, in PEM, that those of the servers
// must lead to.
func OpenCA(path string, log *slog.Logger) *watch.File[x509.CertPool] {
	return watch.Open(watch.Config[x509.CertPool]{
		Path: path, Kind: "file with the mail servers' CA", Make: "export the CA's certificate",
		Parse: parseCA, Log: log,
	})
}

func parseCA(content []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, errors.New("holds no certificate in PEM")
	}
	return pool, nil
}
