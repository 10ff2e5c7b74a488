package examine

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"squidauth/helper/doctor"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/negotiate/kerberos/krbtest"
)

// zone is a DNS in which what is not there does not exist.
type zone map[string]string // of a name its address, alias or reverse name

func (z zone) find(name string) (string, error) {
	if v, ok := z[name]; ok {
		if v == "silence" {
			return "", errors.New("i/o timeout")
		}
		return v, nil
	}
	return "", &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (z zone) LookupHost(_ context.Context, host string) ([]string, error) {
	if alias, ok := z["alias "+host]; ok {
		host = alias
	}
	v, err := z.find(host)
	return []string{v}, err
}

func (z zone) LookupCNAME(_ context.Context, host string) (string, error) {
	if alias, ok := z["alias "+host]; ok {
		return alias + ".", nil
	}
	return host + ".", nil
}

func (z zone) LookupAddr(_ context.Context, address string) ([]string, error) {
	v, err := z.find(address)
	return []string{v + "."}, err
}

const host = "proxy.example.org"

// world is one in which nothing is wrong: this machine is the proxy.
func world(z zone) World {
	return World{
		Hostname: func() (string, error) { return "other.example.org", nil },
		Addresses: func() ([]net.Addr, error) {
			return []net.Addr{&net.IPNet{IP: net.IPv4(192, 0, 2, 1), Mask: net.CIDRMask(24, 32)}}, nil
		},
		Resolver: z,
		Now:      now,
	}
}

// realms has the KDC at an address.
func realms(address string) *kdc.Realms {
	return kdc.NewRealms(func(string) (string, bool) { return "", false }, map[string][]string{krbtest.Realm: {address}}, now)
}

func now() time.Time { return krbtest.Now }

// serve starts a KDC and returns where it listens.
func serve(t *testing.T, k *krbtest.KDC) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go k.Serve(listener)
	return listener.Addr().String()
}

func good() zone { return zone{host: "192.0.2.1", "192.0.2.1": host} }

func service(t *testing.T, keytab []byte) Service {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keytab")
	if err := os.WriteFile(path, keytab, 0o600); err != nil {
		t.Fatal(err)
	}
	return Service{Keytab: path, World: world(good())}
}

func machine() []byte {
	return krbtest.Keytab(krbtest.Entry{Components: []string{"PROXY$"}, Realm: krbtest.Realm, Kvno: 1, Key: krbtest.Key(krbtest.AES256SHA1, "x")})
}

func TestExamine(t *testing.T) {
	aes, rc4 := krbtest.ServiceKeytab(krbtest.AES256SHA1), krbtest.ServiceKeytab(krbtest.RC4)
	centre := realms(serve(t, &krbtest.KDC{Now: now}))
	for name, c := range map[string]struct {
		keytab []byte
		change func(*Service)
		want   string
		cure   string
	}{
		"good":            {aes, nil, "", ""},
		"text":            {[]byte("text"), nil, "fault keytab-unusable", "make it anew"},
		"version 1":       {[]byte{5, 1, 0, 0}, nil, "fault keytab-unusable", "make it anew"},
		"missing":         {aes, func(s *Service) { s.Keytab += "2" }, "fault keytab-missing", "ktpass"},
		"spn":             {aes, func(s *Service) { s.SPNs = []string{krbtest.Service} }, "", ""},
		"other spn":       {aes, func(s *Service) { s.SPNs = []string{"HTTP/x"} }, "fault spn-not-in-keytab", "--spn " + krbtest.Service + ", or none"},
		"spn's case":      {aes, func(s *Service) { s.SPNs = []string{"http/Proxy.example.org"} }, "fault spn-not-in-keytab", "--spn " + krbtest.Service},
		"realm":           {aes, func(s *Service) { s.Realms = []string{krbtest.Realm} }, "", ""},
		"realm's case":    {aes, func(s *Service) { s.Realms = []string{"example.org"} }, "fault realm-spelling", "--realm EXAMPLE.ORG"},
		"other realm":     {aes, func(s *Service) { s.Realms = []string{"EXAMPLE.NET"} }, "warning realm-not-in-keytab", "unless there is such a trust"},
		"weak":            {rc4, nil, "fault keytab-weak", "AES keys"},
		"weak, permitted": {rc4, func(s *Service) { s.PermitRC4 = true }, "warning keytab-weak", "AES keys"},
		"permitted":       {aes, func(s *Service) { s.PermitRC4 = true }, "warning permit-rc4", "take --permit-rc4 away"},
		"no HTTP":         {machine(), nil, "warning keytab-no-http", "HTTP/ and the name"},
		"unknown name":    {aes, func(s *Service) { s.World.Resolver = zone{} }, "warning name-unknown", "add an address record of " + host},
		"silent DNS":      {aes, func(s *Service) { s.World.Resolver = zone{host: "silence"} }, "note dns-silent", "/etc/resolv.conf"},
		"alias": {aes, func(s *Service) {
			s.World.Resolver = zone{"alias " + host: "web7.example.org", "web7.example.org": "192.0.2.1", "192.0.2.1": host}
		}, "warning name-alias", "add HTTP/web7.example.org"},
		"reverse":   {aes, func(s *Service) { s.World.Resolver = zone{host: "192.0.2.1", "192.0.2.1": "web7.example.org"} }, "warning name-reverse", "make the PTR record say " + host},
		"elsewhere": {aes, func(s *Service) { s.World.Resolver = zone{host: "192.0.2.9"} }, "warning name-elsewhere", "load balancer"},
		"by name": {aes, func(s *Service) {
			s.World.Resolver = zone{host: "192.0.2.9"}
			s.World.Hostname = func() (string, error) { return "Proxy.example.org", nil }
		}, "", ""},
		"one account":  {aes, func(s *Service) { s.Holders = holders("cn=proxy") }, "", ""},
		"two accounts": {aes, func(s *Service) { s.Holders = holders("cn=a", "cn=b") }, "fault spn-twice", "setspn -D " + krbtest.Service},
		"no account":   {aes, func(s *Service) { s.Holders = holders() }, "fault spn-nobody", "setspn -S " + krbtest.Service},
	} {
		s := service(t, c.keytab)
		s.World.KDCs = centre
		if c.change != nil {
			c.change(&s)
		}
		var r doctor.Report
		s.Examine(t.Context(), &r)
		bad := slices.DeleteFunc(r.Findings(), func(f doctor.Finding) bool {
			return f.Severity == doctor.Good || f.Code == "kdc-no-login" // which is TestKDC's
		})
		switch {
		case c.want == "" && len(bad) > 0:
			t.Errorf("%s: %+v", name, bad)
		case c.want != "" && (len(bad) != 1 || string(bad[0].Severity)+" "+bad[0].Code != c.want || !strings.Contains(bad[0].Cure, c.cure)):
			t.Errorf("%s: %+v, want %s", name, bad, c.want)
		}
	}
}

func holders(dns ...string) Holders {
	return func(context.Context, string) ([]string, error) { return dns, nil }
}

// TestList: the good finding lists the keys, some of many, and none of their values.
func TestList(t *testing.T) {
	s := service(t, krbtest.ServiceKeytab(krbtest.AES256SHA1, krbtest.AES128SHA1))
	s.World.KDCs = realms("127.0.0.1:1")
	var r doctor.Report
	s.Examine(t.Context(), &r)
	const want = "HTTP/proxy.example.org@EXAMPLE.ORG kvno 3 (aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96)"
	if !slices.ContainsFunc(r.Findings(), func(f doctor.Finding) bool { return f.Code == "keytab" && f.What == want }) {
		t.Errorf("%+v", r.Findings())
	}
}
