package ldapconn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// The schemes of URIs (RFC 4516; ldapi and ldaps are in common use).
const (
	schemePlain  = "ldap"  // TCP
	schemeTLS    = "ldaps" // TLS from the first byte
	schemeSocket = "ldapi" // a socket of this machine
)

// Server is where a directory server listens. ParseServer makes one.
type Server struct {
	scheme  string
	address string // host:port, or the path of a socket
	host    string // that the certificate is for
}

// ParseServer reads an LDAP URI without search parts: ldap://host, ldaps://host:port,
// ldapi://%2Fpath%2Fof%2Fsocket.
func ParseServer(uri string) (Server, error) {
	scheme, rest, found := strings.Cut(uri, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case found && scheme == schemeSocket:
		return parseSocket(rest)
	case found && (scheme == schemePlain || scheme == schemeTLS):
		return parseHost(scheme, rest)
	}
	return Server{}, fmt.Errorf("%q is not a URI that begins with ldap://, ldaps:// or ldapi://", uri)
}

func parseSocket(rest string) (Server, error) {
	socket, err := url.PathUnescape(rest)
	if socket = strings.TrimSuffix(socket, "/"); err != nil || !path.IsAbs(socket) {
		return Server{}, errors.New("ldapi:// needs the path of a socket, as in ldapi://%2Frun%2Fslapd%2Fldapi")
	}
	return Server{scheme: schemeSocket, address: socket}, nil
}

func parseHost(scheme, rest string) (Server, error) {
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil || u.Hostname() == "" {
		return Server{}, fmt.Errorf("%s:// needs a host, as in %[1]s://dc1.example.org", scheme)
	}
	if u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return Server{}, fmt.Errorf("%s:// takes a host and a port, and nothing behind them", scheme)
	}
	port := u.Port()
	switch {
	case port != "":
	case scheme == schemeTLS:
		port = "636"
	default:
		port = "389"
	}
	return Server{scheme: scheme, address: net.JoinHostPort(u.Hostname(), port), host: u.Hostname()}, nil
}

// String returns the URI.
func (s Server) String() string { return s.scheme + "://" + s.address }

// StartsPlain reports whether the server expects StartTLS if there is to be TLS.
func (s Server) StartsPlain() bool { return s.scheme == schemePlain }

// HasTLS reports whether TLS comes first of all.
func (s Server) HasTLS() bool { return s.scheme == schemeTLS }

// IsExposed reports whether others can read and change what goes to and fro, unless
// StartTLS comes first.
func (s Server) IsExposed() bool { return s.scheme == schemePlain && !isLoopback(s.host) }

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || strings.EqualFold(host, "localhost")
}

func (s Server) network() string {
	if s.scheme == schemeSocket {
		return "unix"
	}
	return "tcp"
}
