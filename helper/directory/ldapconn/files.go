package ldapconn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"

	"squidauth/helper/secret"
	"squidauth/helper/watch"
)

// withoutFile is what follows as long as there is no good file.
const withoutFile = "the directory cannot be asked until that is mended"

// OpenSecret returns the source of the bind DN's password that a word of the command
// line names, see secret.Open.
func OpenSecret(word string, log *slog.Logger) (*secret.Source, error) {
	return secret.Open(word, SecretConfig(log))
}

// SecretConfig says what the bind DN's password is for.
func SecretConfig(log *slog.Logger) secret.Config {
	return secret.Config{Kind: "password of the bind DN", Without: withoutFile, Log: log}
}

// OpenCA returns the file with the certificates, in PEM, that those of the servers
// must lead to.
func OpenCA(path string, log *slog.Logger) *watch.File[x509.CertPool] {
	return watch.Open(watch.Config[x509.CertPool]{
		Path: path, Kind: "file with the directory's CA", Make: "export the CA's certificate",
		Without: withoutFile, Parse: parseCA, Log: log,
	})
}

func parseCA(content []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, errors.New("holds no certificate in PEM")
	}
	return pool, nil
}

// Certificate is what this program shows of itself to servers that ask for it. It may
// be used from several goroutines.
type Certificate struct {
	chain, key *watch.File[[]byte]
}

// OpenCertificate returns the certificate in one file, with those that lead to its CA,
// and its key in the other, in PEM. They are read again when they change.
func OpenCertificate(chain, key string, log *slog.Logger) *Certificate {
	open := func(path, kind string) *watch.File[[]byte] {
		return watch.Open(watch.Config[[]byte]{
			Path: path, Kind: kind, Make: "export it in PEM", Without: withoutFile, Log: log,
			Parse: func(content []byte) (*[]byte, error) { return &content, nil },
		})
	}
	return &Certificate{open(chain, "file with this program's certificate"), open(key, "file with the key of this program's certificate")}
}

// current returns the certificate with its key. While the files are replaced, one
// after the other, they do not fit together.
func (c *Certificate) current(ctx context.Context) (*tls.Certificate, error) {
	chain, err := c.chain.Current(ctx)
	if chain == nil {
		return nil, err
	}
	key, err := c.key.Current(ctx)
	if key == nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(*chain, *key)
	if err != nil {
		return nil, fmt.Errorf("this program's certificate and its key cannot be used: %w", err)
	}
	return &pair, nil
}
