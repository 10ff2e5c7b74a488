package locator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Resolver looks service records up in the DNS. *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
}

const (
	// maxControllers bounds how many are pinged. In a larger domain, those of
	// the own site are enough.
	maxControllers = 24

	// pingTime is how long all of them together may take to answer, and grace how
	// long the others may after a near one did.
	pingTime = time.Second
	grace    = 50 * time.Millisecond
)

var errNone = errors.New("there is no such record")

// Locator finds the domain controllers of a realm. It may be used from several
// goroutines.
type Locator struct {
	Realm    string // DNS name of the domain
	Resolver Resolver
	Dial     Dial
	Log      *slog.Logger // of bugs; nil: they are not logged

	mu   sync.Mutex
	site string // the client's, once a domain controller told it
}

// Find returns the names of the domain controllers, the best ones first: those that
// answer, in the client's site, with all secrets, and the quickest of those. When
// none answers they are in the order of the DNS.
func (l *Locator) Find(ctx context.Context) ([]string, error) {
	site := l.knownSite()
	found, err := l.lookUp(ctx, site)
	if err != nil {
		return nil, err
	}
	l.pingAll(ctx, found)
	if learnt := l.learn(found); learnt != site && !anyNear(found) {
		// Those pinged need not have been all.
		if found, err = l.lookUp(ctx, learnt); err != nil {
			return nil, err
		}
		l.pingAll(ctx, found)
	}
	slices.SortStableFunc(found, func(a, b *controller) int { return a.rank() - b.rank() })
	hosts := make([]string, len(found))
	for i, c := range found {
		hosts[i] = c.host
	}
	return hosts, nil
}

// controller is a host that the DNS knows.
type controller struct {
	host  string
	port  uint16 // of LDAP
	reply *Reply // nil: none
	order int    // of the answers
}

// rank is lower for what is better.
func (c *controller) rank() int {
	const silent, far, readOnly = 4 << 10, 2 << 10, 1 << 10
	if c.reply == nil {
		return silent
	}
	rank := c.order
	if !c.reply.Near() {
		rank += far
	}
	if !c.reply.Writable() {
		rank += readOnly
	}
	return rank
}

// lookUp returns the hosts of a site, if there is one, and then all others.
func (l *Locator) lookUp(ctx context.Context, site string) ([]*controller, error) {
	var records []*net.SRV
	if site != "" {
		_, records, _ = l.Resolver.LookupSRV(ctx, "ldap", "tcp", site+"._sites.dc._msdcs."+l.Realm+".")
	}
	_, all, err := l.Resolver.LookupSRV(ctx, "ldap", "tcp", "dc._msdcs."+l.Realm+".") // with the dot, no other domain is searched
	var found []*controller
	known := map[string]bool{}
	for _, r := range append(records, all...) {
		host := strings.TrimSuffix(r.Target, ".")
		if host != "" && !known[host] && len(found) < maxControllers {
			known[host] = true
			found = append(found, &controller{host: host, port: r.Port})
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if err == nil {
		err = errNone
	}
	return nil, fmt.Errorf("no domain controller of %s in the DNS: %w: does this machine ask the domain's name servers? else name the domain controllers", l.Realm, err)
}

// pingAll notes the answers, in their order.
func (l *Locator) pingAll(ctx context.Context, found []*controller) {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	type answer struct {
		from  *controller
		reply *Reply
	}
	answers := make(chan answer, len(found))
	for _, c := range found {
		go func() {
			answers <- answer{c, l.ping(ctx, c)}
		}()
	}
	for n := range found {
		select {
		case a := <-answers:
			a.from.reply, a.from.order = a.reply, n
			if a.reply != nil && a.reply.Near() {
				time.AfterFunc(grace, cancel)
			}
		case <-ctx.Done():
			return
		}
	}
}

// ping returns what a controller answers, or nil. Whatever the answer does to this
// program, it does not end it: anybody can send one.
func (l *Locator) ping(ctx context.Context, c *controller) (reply *Reply) {
	defer func() {
		if recover() == nil {
			return
		}
		reply = nil
		if l.Log != nil {
			l.Log.Error("a bug of this program: please report it", "part", "LDAP ping", "controller", c.host)
		}
	}()
	reply, _ = Ping(ctx, l.Dial, net.JoinHostPort(c.host, strconv.Itoa(int(c.port))), l.Realm)
	return reply
}

func anyNear(found []*controller) bool {
	return slices.ContainsFunc(found, func(c *controller) bool { return c.reply != nil && c.reply.Near() })
}

// learn returns the client's site as it is known now.
func (l *Locator) learn(found []*controller) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range found {
		if c.reply != nil && isLabel(c.reply.ClientSite) {
			l.site = c.reply.ClientSite
			break
		}
	}
	return l.site
}

func (l *Locator) knownSite() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.site
}

// isLabel reports that a site's name can be looked up: what came from the network
// must not lead to another name.
func isLabel(s string) bool {
	return s != "" && len(s) <= 63 && !strings.ContainsAny(s, ". \x00")
}
