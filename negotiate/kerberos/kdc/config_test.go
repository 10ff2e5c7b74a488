package kdc

import (
	"slices"
	"strings"
	"testing"
)

const krb5Conf = `# a comment
; another
includedir /etc/krb5.conf.d/

[logging]
 default = FILE:/var/log/krb5libs.log
[libdefaults]
	default_realm = EXAMPLE.ORG
	dns_lookup_kdc = false
	default_ccache_name = "KEYRING:persistent:%{uid}"
	EXAMPLE.ORG = {
		kdc = not.this.one
	}
[realms]
	EXAMPLE.ORG = {
		kdc = kdc1.example.org
		kdc = kdc2.example.org:750
		kdc = [2001:db8::1]:88
		kdc = [2001:db8::2]
		kdc = 2001:db8::3
		kdc = https://proxy.example.org/KdcProxy
		auth_to_local_names = {
			kdc = nor.this
		}
		admin_server = kdc1.example.org
	}
	OTHER.TEST={
		kdc=  kdc.other.test
	}
	FAR.TEST = {
		kdc = https://far.test/KdcProxy
	}
[domain_realm]
	.example.org = EXAMPLE.ORG
	example.org = EXAMPLE.ORG
	.eu.example.org = OTHER.TEST
	Odd.Example.ORG = FAR.TEST
	.example.org = NOT.THIS
`

func parsed(text string) *config {
	c := &config{kdcs: map[string][]string{}, realms: map[string]string{}}
	c.parse(text)
	return c
}

// addressesOf returns whom a request to the realm would be sent to.
func addressesOf(t *testing.T, c *config, realm string) (addresses []string, err error) {
	r := NewRealms(nil, nil, now)
	r.config = c
	servers, err := r.servers(t.Context(), realm)
	for _, s := range servers {
		addresses = append(addresses, s.address)
	}
	return addresses, err
}

func TestConfig(t *testing.T) {
	c := parsed(krb5Conf)
	if !c.noDNS || c.defaultCache != "KEYRING:persistent:%{uid}" {
		t.Errorf("no DNS: %v, cache %q", c.noDNS, c.defaultCache)
	}
	for realm, want := range map[string]string{
		"EXAMPLE.ORG": "kdc1.example.org:88 kdc2.example.org:750 [2001:db8::1]:88 [2001:db8::2]:88 [2001:db8::3]:88",
		"OTHER.TEST":  "kdc.other.test:88",
		"FAR.TEST":    "krb5.conf has KDCs of realm FAR.TEST behind an HTTPS proxy only, which this program does not speak to",
		"NEW.TEST":    "krb5.conf has no KDC of realm NEW.TEST, and dns_lookup_kdc = false; files that krb5.conf includes are not read",
	} {
		addresses, err := addressesOf(t, c, realm)
		got := strings.Join(addresses, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", realm, got, want)
		}
	}
	for host, want := range map[string]string{
		"proxy.example.org":    "EXAMPLE.ORG",
		"example.org":          "EXAMPLE.ORG",
		"a.b.example.org":      "EXAMPLE.ORG",
		"proxy.eu.example.org": "OTHER.TEST",
		"eu.example.org":       "EXAMPLE.ORG",
		"odd.example.org":      "FAR.TEST",
		"badexample.org":       "",
		"localhost":            "",
		"":                     "",
	} {
		if got := c.realmOf(host); got != want {
			t.Errorf("%s: got realm %q, want %q", host, got, want)
		}
	}
	for _, value := range []string{"yes", "true", "1", "on", "maybe"} {
		if parsed("[libdefaults]\ndns_lookup_kdc = " + value).noDNS {
			t.Errorf("dns_lookup_kdc = %s forbids DNS", value)
		}
	}
}

// FuzzConfig: no text makes it panic, and what it takes is written there.
func FuzzConfig(f *testing.F) {
	f.Add(krb5Conf)
	if c := parsed(krb5Conf); len(c.kdcs) != 3 || len(c.realms) != 4 {
		f.Fatalf("the seed has %d realms and %d domains", len(c.kdcs), len(c.realms))
	}
	f.Add("}\n}\n[realms\nA = {\nkdc = b\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := parsed(text)
		c.noDNS = true // nobody is to be asked
		for realm, kdcs := range c.kdcs {
			if _, err := addressesOf(t, c, realm); err != nil && !slices.ContainsFunc(kdcs, func(k string) bool { return strings.Contains(k, "://") }) {
				t.Errorf("%q: %v", kdcs, err)
			}
			if !strings.Contains(text, realm) || !strings.Contains(text, kdcs[0]) {
				t.Errorf("%q = %q is not there", realm, kdcs)
			}
		}
	})
}
