package examine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"squidauth/helper/doctor"
	"squidauth/negotiate/kerberos/initiator"
)

const (
	maxHosts     = 8 // that are looked up
	maxAddresses = 4 // of each
	lookupTime   = 3 * time.Second
	namesTime    = 10 * time.Second // for all of them: the KDC is still to be asked
)

// names compares the names of the keytab with what this machine is called, as clients
// see it: they ask for a ticket for the proxy's name as they are given it or, many of
// them, as the DNS completes it.
func (e *examination) names(ctx context.Context, keys []initiator.ServiceKey) {
	var hosts []string
	for _, k := range e.admitted(keys) {
		if isHTTP(k) && !slices.Contains(hosts, k.Principal.Name[1]) {
			hosts = append(hosts, k.Principal.Name[1])
		}
	}
	if len(hosts) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, namesTime)
	defer cancel()
	n := naming{examination: e, hosts: hosts, own: e.ownAddresses()}
	answered := false
	for _, host := range hosts[:min(len(hosts), maxHosts)] {
		if n.silent {
			break
		}
		answered = n.look(ctx, host) || answered
	}
	if answered && !n.here {
		n.elsewhere()
	}
}

func (e *examination) ownAddresses() (own []string) {
	addresses, err := e.World.Addresses()
	if err != nil {
		return nil
	}
	for _, a := range addresses {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil {
			own = append(own, ip.String())
		}
	}
	return own
}

// naming is the comparison of names.
type naming struct {
	*examination
	hosts  []string // of the keytab
	own    []string // addresses of this machine
	here   bool     // one of the hosts is this machine
	silent bool     // the DNS does not answer
}

// look looks a host up, and reports whether the DNS knows anything of it.
func (n *naming) look(ctx context.Context, host string) bool {
	addresses, err := lookup(ctx, n.World.Resolver.LookupHost, host)
	if err != nil {
		n.unknown(host, err)
		return false
	}
	n.here = n.here || slices.ContainsFunc(addresses, func(a string) bool { return slices.Contains(n.own, a) || isLoopback(a) })
	n.report.Good("name", "HTTP/"+host, "the DNS has %s", strings.Join(addresses[:min(len(addresses), maxAddresses)], ", "))
	n.alias(ctx, host)
	for _, a := range addresses[:min(len(addresses), maxAddresses)] {
		n.reverse(ctx, host, a)
	}
	return true
}

func isLoopback(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && ip.IsLoopback()
}

func lookup[T any](ctx context.Context, ask func(context.Context, string) (T, error), name string) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	return ask(ctx, name)
}

func (n *naming) unknown(host string, err error) {
	var e *net.DNSError
	if errors.As(err, &e) && e.IsNotFound {
		n.add(doctor.Warning, "name-unknown", "HTTP/"+host, "the DNS has no "+host,
			"browsers cannot be given the proxy by this name, and they ask for tickets for another", "add an address record of "+host+" to the DNS, or make the keytab for the name that browsers are given")
		return
	}
	n.silent = true
	n.add(doctor.Note, "dns-silent", "HTTP/"+host, "the name could not be looked up: "+err.Error(), "names are not compared", "look at /etc/resolv.conf")
}

// alias looks whether the name is one of another (CNAME).
func (n *naming) alias(ctx context.Context, host string) {
	canonical, err := lookup(ctx, n.World.Resolver.LookupCNAME, host)
	canonical = strings.ToLower(strings.TrimSuffix(canonical, "."))
	if err != nil || canonical == "" || strings.EqualFold(canonical, host) || n.has(canonical) {
		return
	}
	n.add(doctor.Warning, "name-alias", "HTTP/"+host, fmt.Sprintf("%s is an alias (CNAME) of %s, of which the keytab has no key", host, canonical),
		"many clients, Chrome and Firefox on Linux and macOS among them, then ask for a ticket for HTTP/"+canonical, "make "+host+" an address record, or add HTTP/"+canonical+" to the account and to the keytab")
}

// reverse looks what the address is called (PTR).
func (n *naming) reverse(ctx context.Context, host, address string) {
	names, err := lookup(ctx, n.World.Resolver.LookupAddr, address)
	if err != nil || len(names) == 0 || isLoopback(address) || slices.ContainsFunc(names, func(name string) bool { return n.has(strings.TrimSuffix(name, ".")) }) {
		return
	}
	name := strings.ToLower(strings.TrimSuffix(names[0], "."))
	n.add(doctor.Warning, "name-reverse", "HTTP/"+host, fmt.Sprintf("the address %s is called %s in the DNS (PTR), of which the keytab has no key", address, name),
		"clients of MIT's library with rdns = true, which is its default, ask for a ticket for HTTP/"+name, "make the PTR record say "+host+", or add HTTP/"+name+" to the account and to the keytab")
}

func (n *naming) has(host string) bool {
	return slices.ContainsFunc(n.hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// elsewhere says that none of the hosts is this machine.
func (n *naming) elsewhere() {
	own, err := n.World.Hostname()
	if err != nil || n.has(own) {
		return
	}
	n.add(doctor.Warning, "name-elsewhere", n.Keytab, fmt.Sprintf("the keytab is for %s, none of which leads to this machine, which is called %s", strings.Join(n.hosts[:min(len(n.hosts), maxHosts)], ", "), own),
		"browsers that are given this machine's name ask for tickets that the keytab has no key for", "give browsers the name of the keytab, and have it lead here; behind a load balancer that has the name all is well")
}
