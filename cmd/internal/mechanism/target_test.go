package mechanism

import (
	"strings"
	"testing"
)

func TestTargetOf(t *testing.T) {
	for _, c := range []struct{ host, computer, domain, realm, want string }{
		{"proxy.example.org", "", "", "", "PROXY||proxy.example.org|example.org"},
		{"Proxy", "", "example", "", "PROXY|EXAMPLE||"},
		{"proxy", "", "EXAMPLE", "AD.EXAMPLE.ORG", "PROXY|EXAMPLE|proxy.ad.example.org|ad.example.org"},
		{"proxy.dmz.example.org", "SQUID1", "EXAMPLE", "AD.EXAMPLE.ORG", "SQUID1|EXAMPLE|proxy.dmz.example.org|ad.example.org"},
		{"a-very-long-host-name", "", "", "", "A-VERY-LONG-HOS|||"},
		{"", "", "", "", "|||"},
	} {
		target := targetOf(c.host, c.computer, c.domain, c.realm)
		if got := strings.Join([]string{target.Computer, target.Domain, target.DNSComputer, target.DNSDomain}, "|"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestCheckNetBIOS(t *testing.T) {
	for name, ok := range map[string]bool{"": true, "EXAMPLE": true, "PROXY-1": true, "EXAMPLE.ORG": false, "A B": false, `A\B`: false, "A-VERY-LONG-DOMAIN": false, "A\nB": false} {
		if (checkNetBIOS("--domain", name) == nil) != ok {
			t.Errorf("%q: %v", name, !ok)
		}
	}
}
