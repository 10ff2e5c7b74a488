package mail

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Protocol is how a mail server is spoken to.
type Protocol byte

// The protocols. The zero Protocol is none of them.
const (
	POP3 Protocol = iota + 1
	IMAP
	SMTP
)

// String returns the scheme of the protocol's URIs without TLS from the first byte.
func (p Protocol) String() string {
	switch p {
	case POP3:
		return "pop3"
	case IMAP:
		return "imap"
	case SMTP:
		return "smtp"
	}
	return "none"
}

// ports returns the protocol's ports (RFC 8314 section 3): the one where a connection
// starts plain, and the one where it starts with TLS.
func (p Protocol) ports() (plain, implicit string) {
	switch p {
	case POP3:
		return "110", "995"
	case IMAP:
		return "143", "993"
	}
	return "587", "465"
}

// Server is where a mail server listens. ParseServer makes one.
type Server struct {
	protocol Protocol
	implicit bool   // TLS from the first byte
	address  string // host:port
	host     string // that the certificate is for
}

// ParseServer reads the name of a server, such as mail.example.org, or a URI, such as
// imaps://mail.example.org or pop3://[::1]:1110. A port may follow. Without a scheme
// TLS comes first, unless the port is the one where it does not.
func ParseServer(p Protocol, word string) (Server, error) {
	scheme, rest, found := strings.Cut(word, "://")
	if !found {
		rest = word
		if address, err := netip.ParseAddr(word); err == nil && address.Is6() {
			rest = "[" + word + "]"
		}
	}
	u, err := url.Parse("//" + rest)
	if err != nil || u.Hostname() == "" {
		return Server{}, fmt.Errorf("%q is no server, which is written as %ss://mail.example.org", word, p)
	}
	if u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return Server{}, fmt.Errorf("%q has more than a host and a port", word)
	}
	s := Server{protocol: p, host: u.Hostname()}
	plain, implicit := p.ports()
	if s.implicit, err = p.startsWithTLS(scheme, found, u.Port() == plain); err != nil {
		return Server{}, fmt.Errorf("%q: %w", word, err)
	}
	port := u.Port()
	switch {
	case port != "":
	case s.implicit:
		port = implicit
	default:
		port = plain
	}
	s.address = net.JoinHostPort(s.host, port)
	return s, nil
}

// startsWithTLS says what a scheme means; onPlain: the port is that of plain
// connections.
func (p Protocol) startsWithTLS(scheme string, given, onPlain bool) (bool, error) {
	if !given {
		return !onPlain, nil
	}
	switch scheme = strings.ToLower(scheme); {
	case scheme == p.String()+"s", p == SMTP && scheme == "submissions":
		return true, nil
	case scheme == p.String(), p == SMTP && scheme == "submission":
		return false, nil
	}
	return false, errors.New("the URI begins with neither " + p.String() + "s:// nor " + p.String() + "://")
}

// String returns the URI.
func (s Server) String() string {
	if s.implicit {
		return s.protocol.String() + "s://" + s.address
	}
	return s.protocol.String() + "://" + s.address
}

// IsExposed reports whether others can read and change what goes to and fro, unless
// STARTTLS comes first.
func (s Server) IsExposed() bool { return !s.implicit && !isLoopback(s.host) }

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || strings.EqualFold(host, "localhost")
}
