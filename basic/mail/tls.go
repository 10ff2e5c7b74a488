package mail

import (
	"context"
	"crypto/tls"
	"fmt"
)

// tlsConfig returns how TLS is set up with a server.
func (b *Backend) tlsConfig(ctx context.Context, s Server) (*tls.Config, error) {
	config := &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	if b.opt.TLSName != "" {
		config.ServerName = b.opt.TLSName
	}
	if b.opt.CA == nil {
		if !s.implicit && b.opt.StartTLS == Offered {
			permitAll(config)
		}
		return config, nil
	}
	roots, err := b.opt.CA.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("the CA's certificate is not there: %w", err)
	}
	config.RootCAs = roots
	return config, nil
}

// permitAll permits whatever TLS a server has, in place of none: certificates that
// prove nothing, and what old servers still use.
func permitAll(config *tls.Config) {
	config.InsecureSkipVerify = true
	config.MinVersion = tls.VersionTLS10
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		config.CipherSuites = append(config.CipherSuites, suite.ID)
	}
}
