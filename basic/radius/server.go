package radius

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"squidauth/helper/secret"
)

// DefaultPort is that of RADIUS authentication (RFC 2865 section 3).
const DefaultPort = 1812

// Server is whom to ask. Every server has a secret, which several may share.
type Server struct {
	Host   string // name or address
	Port   uint16
	Secret *secret.Source
}

// ParseServer reads HOST, HOST:PORT, [ADDRESS]:PORT or ADDRESS; the port may be a
// service's name. Without one, it is port.
func ParseServer(word string, port uint16) (Server, error) {
	if a, err := netip.ParseAddr(word); err == nil { // which may have colons
		return Server{Host: a.String(), Port: port}, nil
	}
	host, service, err := net.SplitHostPort(word)
	switch {
	case err != nil && slices.Contains([]byte(word), ':'):
		return Server{}, fmt.Errorf("%q is neither HOST, HOST:PORT nor [ADDRESS]:PORT", word)
	case err != nil:
		host = word
	default:
		if port, err = ParsePort(service); err != nil {
			return Server{}, err
		}
	}
	if host == "" {
		return Server{}, fmt.Errorf("%q names no host", word)
	}
	return Server{Host: host, Port: port}, nil
}

// ParsePort reads a port's number, or the name of a UDP service.
func ParsePort(word string) (uint16, error) {
	if n, err := strconv.ParseUint(word, 10, 16); err == nil && n > 0 {
		return uint16(n), nil
	}
	n, err := net.DefaultResolver.LookupPort(context.Background(), "udp", word)
	if err != nil || n <= 0 || n > 1<<16-1 {
		return 0, fmt.Errorf("%q is neither a port nor a UDP service that this machine knows", word)
	}
	return uint16(n), nil
}

// String returns HOST:PORT.
func (s Server) String() string { return net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port))) }

const (
	// freshness is how long the addresses of a name are used before they are looked
	// up again. Until there are new ones the old ones stay.
	freshness = time.Minute

	// lookupTime bounds a lookup, which several logins may wait for.
	lookupTime = 10 * time.Second

	// lookupPause is how long no lookup follows one that failed.
	lookupPause = time.Second

	// maxAddresses is how many addresses of a name are used.
	maxAddresses = 8
)

// server is a Server and its addresses. It may be used from several goroutines.
type server struct {
	Server
	resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)
	isFixed bool // Host is an address

	mu        sync.Mutex
	endpoints []*endpoint
	problem   error         // of the last lookup
	due       time.Time     // of the next
	looking   chan struct{} // closed when the lookup that is under way is over; nil: none is
}

func newServer(s Server, c *Config) *server {
	made := &server{Server: s, resolve: c.Resolve}
	if address, err := netip.ParseAddr(s.Host); err == nil {
		made.isFixed = true
		made.adopt([]netip.Addr{address})
	}
	return made
}

// known returns the endpoints that are known. If they are to be looked up, done is
// closed when that is over; with endpoints nobody need wait for it.
func (s *server) known() (list []*endpoint, done <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isFixed && s.looking == nil && !time.Now().Before(s.due) {
		s.looking = make(chan struct{})
		go s.look(s.looking)
	}
	return s.endpoints, s.looking
}

var errNoAddress = errors.New("the name has no address")

// look looks the name up. A lookup that fails leaves what there is.
func (s *server) look(done chan<- struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	found, err := s.resolve(ctx, "ip", s.Host)
	if err == nil && len(found) == 0 {
		err = errNoAddress
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looking, s.problem = nil, err
	s.due = time.Now().Add(lookupPause)
	if err == nil {
		s.adopt(found)
		s.due = time.Now().Add(freshness)
	}
	close(done)
}

// adopt makes the addresses those of the server. An endpoint that stays keeps what is
// known of it. IPv4 comes first: servers know their clients by address, and
// basic_radius_auth had none but that.
func (s *server) adopt(found []netip.Addr) {
	var list []*endpoint
	for _, v4 := range []bool{true, false} {
		for _, address := range found {
			if address = address.Unmap(); address.Is4() == v4 && len(list) < maxAddresses {
				list = append(list, s.endpointOf(netip.AddrPortFrom(address, s.Port)))
			}
		}
	}
	for _, e := range s.endpoints {
		if !slices.Contains(list, e) {
			e.retire()
		}
	}
	s.endpoints = list
}

func (s *server) endpointOf(address netip.AddrPort) *endpoint {
	for _, e := range s.endpoints {
		if e.address == address {
			return e
		}
	}
	return &endpoint{server: s, address: address}
}

// lookupProblem returns why no address is known.
func (s *server) lookupProblem() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}
