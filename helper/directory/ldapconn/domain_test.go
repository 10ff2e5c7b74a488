package ldapconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/helper/directory/ldapconn/ldaptest"
)

func TestParseDomain(t *testing.T) {
	for _, c := range []struct {
		uri, want string
		is        bool
	}{
		{"ldap:///", "ldap:///", true},
		{"LDAPS:///dc=example,dc=org", "ldaps:///example.org", true},
		{"ldap:///ou=people%2Cdc=example%2CDC=org", "ldap:///example.org", true},
		{"ldap:///dc=example,dc=org,o=x", "", true},
		{"ldap:///x", "", true},
		{"ldap:///%zz", "", false},
		{"ldap://dc1/", "", false},
		{"ldapi:///run", "", false},
		{"", "", false},
	} {
		d, is, err := ParseDomain(c.uri)
		if c.want == "" {
			if is && err == nil {
				t.Errorf("%s: %v", c.uri, d)
			}
			continue
		}
		if !is || err != nil || d.String() != c.want {
			t.Errorf("%s: %s, %v, %v", c.uri, d, is, err)
		}
	}
	d, _, _ := ParseDomain("ldap:///")
	if d = d.In("example.org"); d.Name != "example.org" || d.In("example.com").Name != "example.org" || !d.StartsPlain() {
		t.Errorf("%+v", d)
	}
}

// records answers for the one name that there is.
type records map[string][]*net.SRV

func (r records) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	name = fmt.Sprintf("_%s._%s.%s", service, proto, name)
	found, ok := r[name]
	if !ok {
		return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return name, found, nil
}

// TestFind takes from the DNS what is in the domain, and nothing else: a certificate
// for evil.test is no proof.
func TestFind(t *testing.T) {
	dns := records{
		"_ldap._tcp.example.org.": {{Target: "b.example.org.", Port: 390}, {Target: "evil.test.", Port: 389}, {Target: "A.EXAMPLE.org.", Port: 389}, {Target: "badexample.org.", Port: 389}},
		"_ldap._tcp.evil.org.":    {{Target: "evil.test.", Port: 389}},
		"_ldap._tcp.empty.org.":   {},
	}
	for _, c := range []struct{ uri, want string }{
		{"ldap:///dc=example,dc=org", "[ldap://b.example.org:390 ldap://A.EXAMPLE.org:389]"},
		{"ldaps:///dc=example,dc=org", "[ldaps://b.example.org:636 ldaps://A.EXAMPLE.org:636]"},
		{"ldap:///dc=evil,dc=org", "outside of it (evil.test)"},
		{"ldap:///dc=empty,dc=org", "_ldap._tcp.empty.org: there is no such record"},
		{"ldap:///dc=none,dc=org", "no such host"},
	} {
		d, _, err := ParseDomain(c.uri)
		if err != nil {
			t.Fatal(err)
		}
		servers, err := d.Find(t.Context(), dns)
		got := fmt.Sprint(servers)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.uri, got)
		}
	}
}

// finder is a DNS that changes.
type finder struct {
	hosts []string
	err   error
	asked int
}

func (f *finder) find(context.Context) ([]Server, error) {
	f.asked++
	if f.err != nil {
		return nil, f.err
	}
	var servers []Server
	for _, h := range f.hosts {
		servers = append(servers, Server{scheme: schemePlain, host: h, address: h + ":389"})
	}
	return servers, nil
}

// found returns a Pool of what the finder finds: servers by their hosts.
func found(f *finder, servers map[string]*ldaptest.Server) *Pool {
	return New(Options{Find: f.find, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return servers[strings.TrimSuffix(address, ":389")].Dial(ctx, network, address)
	}})
}

// TestFound asks the DNS when nothing is known, when that is old, and when nothing of
// it works.
func TestFound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := good(), good()
		f := &finder{err: errors.New("the DNS is down")}
		p := found(f, map[string]*ldaptest.Server{"a": a, "b": b})
		step := func(asked int, problem string) {
			t.Helper()
			err := search(t, p)
			synctest.Wait() // for what looks besides
			switch {
			case problem == "" && err != nil, problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
				t.Error(err)
			}
			if f.asked != asked {
				t.Errorf("the DNS was asked %d times, not %d", f.asked, asked)
			}
			a.Hangup()
			b.Hangup()
			synctest.Wait()
		}
		step(1, "the DNS is down")
		step(2, "the DNS is down")
		f.err, f.hosts = nil, []string{"a"}
		step(3, "")
		step(3, "")
		time.Sleep(believeFor)
		step(4, "")
		a.Refuse, f.hosts = true, []string{"b"}
		step(4, "connection refused") // it is known only now
		step(4, "connection refused")
		time.Sleep(lookAgain)
		step(5, "connection refused") // it looks besides
		step(5, "")
		f.err = errors.New("the DNS is down")
		time.Sleep(believeFor)
		step(6, "") // what is known remains
		step(6, "")
	})
}
