package accounts

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"

	"squidauth/helper/directory/ldapconn"
)

// LDAP holds the flags that say how directory servers are reached.
type LDAP struct {
	uris               cli.StringSlice
	bindDN, bindSecret string
	base, ca           string
	startTLS, insecure bool
}

// Flags are those of programs that ask a directory.
func (l *LDAP) Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "ldap-uri", Destination: &l.uris, Usage: "ask the directory at `URI`: ldaps://, ldap:// or ldapi://; may be given again for others to try"},
		&cli.StringFlag{Name: "ldap-base", Destination: &l.base, Usage: "look under `DN` (default: the server's own domain)"},
		&cli.StringFlag{Name: "ldap-bind-dn", Destination: &l.bindDN, Usage: "bind as `DN`, or as Active Directory's user@domain (default: not at all)"},
		&cli.StringFlag{Name: "ldap-bind-secret", Destination: &l.bindSecret, Usage: "`FILE` with the password to bind with, env:NAME or credential:NAME"},
		&cli.StringFlag{Name: "ldap-ca", Destination: &l.ca, Usage: "`FILE` with the CA of the servers, in PEM (default: the system's)"},
		&cli.BoolFlag{Name: "ldap-start-tls", Destination: &l.startTLS, Usage: "protect ldap:// with StartTLS"},
		&cli.BoolFlag{Name: "ldap-insecure", Destination: &l.insecure, Usage: "permit ldap:// to other machines without StartTLS"},
	}
}

// given reports whether any of the flags is there.
func (l *LDAP) given() bool {
	return len(l.uris.Value()) > 0 || l.base+l.bindDN+l.bindSecret+l.ca != "" || l.startTLS || l.insecure
}

// pool checks the flags and returns the connections that they describe.
func (l *LDAP) pool(log *slog.Logger) (*ldapconn.Pool, error) {
	opt := ldapconn.Options{StartTLS: l.startTLS, BindDN: l.bindDN}
	for _, uri := range l.uris.Value() {
		server, err := ldapconn.ParseServer(uri)
		if err != nil {
			return nil, fmt.Errorf("--ldap-uri: %w", err)
		}
		if err := l.check(server); err != nil {
			return nil, err
		}
		opt.Servers = append(opt.Servers, server)
	}
	switch {
	case len(opt.Servers) == 0:
		return nil, errors.New("the options of the directory need --ldap-uri")
	case (l.bindDN == "") != (l.bindSecret == ""):
		return nil, errors.New("--ldap-bind-dn and --ldap-bind-secret need each other")
	}
	if l.bindSecret != "" {
		source, err := ldapconn.OpenSecret(l.bindSecret, log)
		if err != nil {
			return nil, fmt.Errorf("--ldap-bind-secret %w", err)
		}
		opt.Secret = source
	}
	if l.ca != "" {
		opt.CA = ldapconn.OpenCA(l.ca, log)
	}
	return ldapconn.New(opt), nil
}

func (l *LDAP) check(s ldapconn.Server) error {
	switch {
	case l.startTLS && !s.StartsPlain():
		return fmt.Errorf("--ldap-start-tls is for ldap://, not for %s", s)
	case s.IsExposed() && !l.startTLS && !l.insecure:
		return fmt.Errorf("whoever is between here and %s could read the password and forge groups: use ldaps:// or --ldap-start-tls, or else --ldap-insecure", s)
	}
	return nil
}
