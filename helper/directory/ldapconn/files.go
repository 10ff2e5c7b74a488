package ldapconn

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"

	"squidauth/helper/watch"
)

// withoutFile is what follows as long as there is no good file.
const withoutFile = "the directory cannot be asked until that is mended"

// maxSecret bounds a password in bytes.
const maxSecret = 1 << 10

// Secret is the password of the bind DN. It prints as ***.
type Secret struct{ text string }

// String implements fmt.Stringer.
func (Secret) String() string { return "***" }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return "***" }

// OpenSecret returns the file with the password of the bind DN, on one line.
func OpenSecret(path string, log *slog.Logger) *watch.File[Secret] {
	return watch.Open(watch.Config[Secret]{
		Path: path, Kind: "file with the directory's password", Make: "write the bind DN's password into it",
		Without: withoutFile, Parse: parseSecret, Log: log,
	})
}

func parseSecret(content []byte) (*Secret, error) {
	content = bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r"))
	switch {
	case len(content) == 0:
		return nil, errors.New("is empty")
	case len(content) > maxSecret:
		return nil, fmt.Errorf("holds more than %d bytes", maxSecret)
	case strings.ContainsFunc(string(content), unicode.IsControl):
		return nil, errors.New("holds more than one line, or control characters")
	}
	return &Secret{string(content)}, nil
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
