package kdc

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	kdcPort = "88"
	// maxKDCs bounds a request: where none of a realm's KDCs answers, the caller's
	// deadline may come first.
	maxKDCs = 8

	refresh     = 10 * time.Minute // how long the DNS is believed
	soonAgain   = 30 * time.Second // when it is asked again after it failed
	dnsPatience = 2 * time.Second  // for asking it, while KDCs are known
)

// Realms knows the KDCs of realms, and asks them. It may be used from several
// goroutines.
type Realms struct {
	lookup Lookup
	given  map[string][]string // addresses by realm, as krb5.conf has them
	dial   Dial
	srv    lookupSRV
	now    func() time.Time

	mu     sync.Mutex
	config *config // nil: not read yet
	realms map[string]*realm
}

type lookupSRV func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)

// realm is what is known of the KDCs of a realm that the DNS has.
type realm struct {
	servers []*server
	look    time.Time // when the DNS is to be asked again
}

// NewRealms returns what krb5.conf and the DNS say, where MIT's library looks. given
// are KDCs, each HOST or HOST:PORT, by realm, for which neither is asked. Nothing is
// read yet.
func NewRealms(lookup Lookup, given map[string][]string, now func() time.Time) *Realms {
	return &Realms{
		lookup: lookup, given: given, now: now,
		dial: new(net.Dialer).DialContext, srv: net.DefaultResolver.LookupSRV,
		realms: map[string]*realm{},
	}
}

// Reload reads krb5.conf again. The error says why it cannot be used; what it said
// before then holds on.
func (r *Realms) Reload() error {
	conf, err := loadConfig(r.lookup)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.config = conf
	return nil
}

// configured returns what krb5.conf says. One that cannot be read is tried again when
// it is needed next.
func (r *Realms) configured() (*config, error) {
	r.mu.Lock()
	conf := r.config
	r.mu.Unlock()
	if conf != nil {
		return conf, nil
	}
	if err := r.Reload(); err != nil {
		return nil, err
	}
	return r.configured()
}

// servers returns the KDCs of a realm, those to ask first in front.
func (r *Realms) servers(ctx context.Context, name string) ([]*server, error) {
	addresses, known := r.given[name]
	if !known {
		conf, err := r.configured()
		if err != nil {
			return nil, err
		}
		if addresses = conf.kdcs[name]; len(addresses) == 0 {
			return r.fromDNS(ctx, name, conf.noDNS)
		}
	}
	found := toAddresses(addresses)
	if len(found) == 0 {
		return nil, fmt.Errorf("krb5.conf has KDCs of realm %s behind an HTTPS proxy only, which this program does not speak to", name)
	}
	return r.ranked(r.adopt(name, found, time.Time{})), nil
}

// toAddresses completes what krb5.conf has: HOST, HOST:PORT, or the URI of a proxy
// ([MS-KKDCP]), which is left out.
func toAddresses(kdcs []string) (addresses []string) {
	for _, kdc := range kdcs {
		if strings.Contains(kdc, "://") {
			continue
		}
		host, port, err := net.SplitHostPort(kdc)
		if err != nil {
			host, port = strings.Trim(kdc, "[]"), kdcPort
		}
		addresses = append(addresses, net.JoinHostPort(host, port))
	}
	return addresses
}

// fromDNS returns the KDCs that the DNS has (RFC 4120 section 7.2.3.2), or had when it
// was asked last.
func (r *Realms) fromDNS(ctx context.Context, name string, never bool) ([]*server, error) {
	if never {
		return nil, fmt.Errorf("krb5.conf has no KDC of realm %s, and dns_lookup_kdc = false; files that krb5.conf includes are not read", name)
	}
	known, ask := r.remembered(name)
	if !ask {
		return r.ranked(known), nil
	}
	if len(known) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, dnsPatience)
		defer cancel()
	}
	_, records, err := r.srv(ctx, "kerberos", "tcp", name)
	switch {
	case err == nil && len(records) > 0:
		var found []string
		for _, s := range records {
			found = append(found, net.JoinHostPort(strings.TrimSuffix(s.Target, "."), strconv.Itoa(int(s.Port))))
		}
		known = r.adopt(name, found, r.now().Add(refresh))
	case len(known) == 0:
		return nil, fmt.Errorf("neither krb5.conf nor DNS has a KDC of realm %s (%w); files that krb5.conf includes are not read", name, cmp.Or(err, errNoRecord))
	}
	return r.ranked(known), nil
}

// remembered returns the KDCs that the DNS had, and whether it is to be asked again:
// by one request, while others make do with what there is.
func (r *Realms) remembered(name string) (known []*server, ask bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := r.realms[name]
	if found == nil {
		return nil, true
	}
	now := r.now()
	if ask = !now.Before(found.look); ask {
		found.look = now.Add(soonAgain)
	}
	return found.servers, ask
}

// adopt makes addresses the KDCs of a realm. Those known before keep what is known of
// them.
func (r *Realms) adopt(name string, addresses []string, look time.Time) []*server {
	r.mu.Lock()
	defer r.mu.Unlock()
	var before []*server
	if found := r.realms[name]; found != nil {
		before = found.servers
	}
	now := &realm{look: look}
	for _, a := range addresses[:min(len(addresses), maxKDCs)] {
		i := slices.IndexFunc(before, func(s *server) bool { return s.address == a })
		if i < 0 {
			now.servers = append(now.servers, newServer(a, r.dial))
		} else {
			now.servers = append(now.servers, before[i])
		}
	}
	r.realms[name] = now
	return now.servers
}

// ranked returns a copy, with those that failed a short time ago at the end.
func (r *Realms) ranked(servers []*server) []*server {
	now := r.now()
	var good, bad []*server
	for _, s := range servers {
		if s.avoided(now) {
			bad = append(bad, s)
		} else {
			good = append(good, s)
		}
	}
	return append(good, bad...)
}
