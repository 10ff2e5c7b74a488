package netlogon

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/ntlm/netlogon/dctest"
)

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		want   string // empty: it is good
	}{
		{"with controllers", Config{Domain: "EXAMPLE", Controllers: []string{"dc1"}, Account: "PROXY$"}, ""},
		{"with a realm", Config{Domain: "EXAMPLE", Realm: "example.test", Account: "PROXY$", MaxCalls: 1}, ""},
		{"with neither", Config{Domain: "EXAMPLE", Account: "PROXY$"}, "neither domain controllers are named, nor the realm"},
		{"no domain", Config{Realm: "r", Account: "PROXY$"}, `"" is not the NetBIOS name of a domain`},
		{"a DNS name", Config{Domain: "department.example.test", Realm: "r", Account: "PROXY$"}, "is not the NetBIOS name of a domain"},
		{"no dollar", Config{Domain: "EXAMPLE", Realm: "r", Account: "PROXY"}, `"PROXY" is not the name of a machine account`},
		{"only a dollar", Config{Domain: "EXAMPLE", Realm: "r", Account: "$"}, "is not the name of a machine account"},
		{"a long account", Config{Domain: "EXAMPLE", Realm: "r", Account: "PROXY-OF-EXAMPLE$"}, "is not the name of a machine account"},
		{"NUL", Config{Domain: "EXA\x00MPLE", Realm: "r", Account: "PROXY$"}, "is not the NetBIOS name of a domain"},
		{"another character set", Config{Domain: "EXÄMPLE", Realm: "r", Account: "PROXY$"}, "is not the NetBIOS name of a domain"},
		{"with a domain", Config{Domain: "EXAMPLE", Realm: "r", Account: `EXAMPLE\PROXY$`}, "is not the name of a machine account"},
		{"no calls", Config{Domain: "EXAMPLE", Realm: "r", Account: "PROXY$", MaxCalls: -1}, "-1 calls"},
	} {
		v, err := New(c.config)
		if (v == nil) != (err != nil) || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if v != nil && (v.ComputerName() != "PROXY" || v.config.MaxCalls < 1) {
			t.Errorf("%s: %q, %d", c.name, v.ComputerName(), v.config.MaxCalls)
		}
	}
}

func TestEndpointMapper(t *testing.T) {
	for in, want := range map[string]string{
		"dc1":          "dc1:135 dc1",
		"dc1:1135":     "dc1:1135 dc1",
		"192.0.2.1":    "192.0.2.1:135 192.0.2.1",
		"[::1]:1135":   "[::1]:1135 ::1",
		"[2001:db8::]": "[2001:db8::]:135 2001:db8::",
		"2001:db8::1":  "[2001:db8::1]:135 2001:db8::1",
	} {
		address, host := endpointMapper(in)
		if got := address + " " + host; got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

// records is a DNS with the controllers of a realm.
type records struct {
	hosts []string
	asked int
}

func (r *records) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	r.asked++
	var list []*net.SRV
	for _, h := range r.hosts {
		list = append(list, &net.SRV{Target: h + ".", Port: 389})
	}
	if list == nil {
		return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return name, list, nil
}

// TestFromDNS: the controllers are those of the DNS, which is asked again in time,
// and at once when none of them can be used.
func TestFromDNS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &records{}
		f := newFixture(t, newNetwork(2))
		log := slog.New(slog.NewTextHandler(f.log, nil))
		var err error
		f.Verifier, err = New(Config{
			Domain: "EXAMPLE", Realm: "example.test", Account: "PROXY$", Secret: OpenSecret(f.secret, "PROXY$", log),
			StateDir: f.dir, Resolver: dns, Log: log,
			Dial: func(ctx context.Context, kind, address string) (net.Conn, error) {
				if strings.HasSuffix(address, ":389") {
					return nil, net.ErrClosed // no LDAP pings
				}
				return f.network.Dial(ctx, kind, address)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.expect(dctest.Password, noDC)
		dns.hosts = []string{"dc1"}
		f.expect(dctest.Password, yes)
		f.expect(dctest.Password, yes)
		if dns.asked != 2 {
			t.Errorf("the DNS was asked %d times", dns.asked)
		}

		dns.hosts = []string{"dc2"} // moved
		f.network.dcs[0].Set(func(d *dctest.DC) { d.Down = true })
		f.network.dcs[0].Restart()
		time.Sleep(firstAvoidance)
		f.expect(dctest.Password, noDC) // only now this is known
		if dns.asked != 2 {
			t.Errorf("the DNS was asked %d times", dns.asked)
		}
		f.expect(dctest.Password, yes)

		// When it is time, somebody looks while logons go on.
		time.Sleep(refresh + time.Second)
		dns.hosts = []string{"dc1"}
		f.network.dcs[0].Set(func(d *dctest.DC) { d.Down = false })
		before := dns.asked
		f.expect(dctest.Password, yes)
		synctest.Wait()
		f.expect(dctest.Password, yes)
		f.expect(dctest.Password, yes)
		// The first of the three may be before or after what was looked up.
		if n := f.network.dcs[0].Counts().Logons; dns.asked != before+1 || n < 4 || n > 5 {
			t.Errorf("the DNS was asked %d times, %+v", dns.asked-before, f.network.dcs[0].Counts())
		}

		// While nobody can be used it is looked often, but not each time.
		for _, dc := range f.network.dcs {
			dc.Set(func(d *dctest.DC) { d.Down = true })
			dc.Restart()
		}
		f.expect(dctest.Password, noDC)
		before = dns.asked
		for range 5 {
			f.expect(dctest.Password, noDC)
		}
		time.Sleep(firstAvoidance)
		for range 5 {
			f.expect(dctest.Password, noDC)
		}
		if dns.asked != before+1 {
			t.Errorf("the DNS was asked %d times", dns.asked-before)
		}
		for _, dc := range f.network.dcs {
			dc.Set(func(d *dctest.DC) { d.Down = false })
		}
		f.expect(dctest.Password, yes)

		// What was known stays when nothing is found.
		time.Sleep(refresh + time.Second)
		dns.hosts = nil
		f.expect(dctest.Password, yes)
		synctest.Wait()
		f.expect(dctest.Password, yes)
	})
}
