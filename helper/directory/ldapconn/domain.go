package ldapconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Resolver looks service records up in the DNS. *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
}

// maxFound bounds the servers of a domain that are taken from the DNS.
const maxFound = 16

// Domain is a DNS domain whose servers the DNS knows (RFC 2782). ParseDomain makes
// one.
type Domain struct {
	scheme string
	Name   string // empty: the URI does not say
}

// ParseDomain reads an LDAP URI without a host, but perhaps with a domain's DN, such as
// ldap:/// and ldaps:///dc=example,dc=org. It reports whether the URI is one.
func ParseDomain(uri string) (Domain, bool, error) {
	scheme, dn, found := strings.Cut(uri, ":///")
	scheme = strings.ToLower(scheme)
	if !found || scheme != schemePlain && scheme != schemeTLS {
		return Domain{}, false, nil
	}
	dn, err := url.PathUnescape(dn)
	if err != nil || dn == "" {
		return Domain{scheme: scheme}, err == nil, err
	}
	name, err := DomainOf(dn)
	return Domain{scheme, name}, true, err
}

// DomainOf returns the DNS domain that a DN ends in, dc=example,dc=org (RFC 2247).
func DomainOf(dn string) (string, error) {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return "", fmt.Errorf("%q is no DN: %w", dn, err)
	}
	var labels []string
	for _, rdn := range parsed.RDNs {
		if len(rdn.Attributes) == 1 && strings.EqualFold(rdn.Attributes[0].Type, "dc") {
			labels = append(labels, rdn.Attributes[0].Value)
		} else {
			labels = nil
		}
	}
	if len(labels) == 0 {
		return "", fmt.Errorf("%q does not end in a domain, such as dc=example,dc=org", dn)
	}
	return strings.Join(labels, "."), nil
}

// In returns the Domain with a name, if it has none.
func (d Domain) In(name string) Domain {
	if d.Name == "" {
		d.Name = name
	}
	return d
}

// StartsPlain is that of the domain's servers.
func (d Domain) StartsPlain() bool { return d.scheme == schemePlain }

// String returns the domain as an operator would write it.
func (d Domain) String() string { return d.scheme + ":///" + d.Name }

var errNoRecord = errors.New("there is no such record")

// Find asks the DNS for the domain's servers, the preferred ones first.
func (d Domain) Find(ctx context.Context, r Resolver) ([]Server, error) {
	name := "_ldap._tcp." + d.Name
	_, records, err := r.LookupSRV(ctx, "ldap", "tcp", strings.TrimSuffix(d.Name, ".")+".") // with the dot, no other domain is searched
	if err == nil && len(records) == 0 {
		err = errNoRecord
	}
	if err != nil {
		return nil, fmt.Errorf("the DNS does not say which servers there are: %s: %w", name, err)
	}
	hosts := make([]string, 0, len(records))
	for _, r := range records[:min(len(records), maxFound)] {
		hosts = append(hosts, net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port))))
	}
	return d.Servers(hosts)
}

// Servers returns the servers that hosts are, each with a port or without. The DNS is
// not protected, so that a certificate proves nothing for a name that only comes from
// there: a host must be in the domain.
func (d Domain) Servers(hosts []string) ([]Server, error) {
	var servers []Server
	var foreign []string
	for _, at := range hosts {
		host, port, err := net.SplitHostPort(at)
		if err != nil {
			host, port = at, "389"
		}
		if d.scheme == schemeTLS {
			port = "636" // the records are for LDAP without
		}
		if !isWithin(host, d.Name) {
			foreign = append(foreign, host)
			continue
		}
		servers = append(servers, Server{scheme: d.scheme, address: net.JoinHostPort(host, port), host: host})
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("the servers of %s are, as the DNS says, outside of it (%s): a forger might say so; name them by their URIs", d.Name, strings.Join(foreign, ", "))
	}
	return servers, nil
}

func isWithin(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(strings.TrimSuffix(domain, "."))
	return host == domain || strings.HasSuffix(host, "."+domain)
}
