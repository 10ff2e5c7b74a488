package machine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
)

// certificate returns that of a host, and who trusts it.
func certificate(t *testing.T, host string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err == nil {
		c, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// controller plays a domain controller of example.org.
func controller(reply func(ldaptest.Request) []byte) *ldaptest.Server {
	return &ldaptest.Server{Reply: func(r ldaptest.Request) []byte {
		if reply != nil {
			if b := reply(r); b != nil {
				return b
			}
		}
		if r.Op == ldaptest.Search && r.Base() == "" {
			root := r.Entry("",
				ldaptest.Attribute{Name: "defaultNamingContext", Values: []string{"DC=example,DC=org"}},
				ldaptest.Attribute{Name: "configurationNamingContext", Values: []string{"CN=Configuration,DC=example,DC=org"}},
				ldaptest.Attribute{Name: "dnsHostName", Values: []string{"DC1.example.org"}},
				ldaptest.Attribute{Name: "currentTime", Values: []string{"20260504120000.0Z"}})
			return append(root, r.Result(ldap.LDAPResultSuccess, "")...)
		}
		return r.Result(ldap.LDAPResultSuccess, "")
	}}
}

// refusing answers binds so.
func refusing(code int64, words string) func(ldaptest.Request) []byte {
	return func(r ldaptest.Request) []byte {
		if r.Op == ldaptest.Bind {
			return r.Result(code, words)
		}
		return nil
	}
}

var admin = Login{User: "Administrator", Password: "pass-of-the-administrator"}

// TestConnect has what a controller may have against a connection, in words.
func TestConnect(t *testing.T) {
	good, trusted := certificate(t, "dc1.example.org")
	_, other := certificate(t, "dc1.example.org")
	for name, c := range map[string]struct {
		server  *ldaptest.Server
		host    string
		trusted *x509.CertPool
		want    string // of the error; empty: none
	}{
		"good":         {controller(nil), "dc1.example.org", trusted, ""},
		"good address": {controller(nil), "dc1.example.org:6363", trusted, ""},
		"other CA":     {controller(nil), "dc1.example.org", other, "give the domain's CA with --ldap-ca"},
		"other name":   {controller(nil), "dc2.example.org", trusted, "give --dc the name that the certificate has"},
		"no answer":    {&ldaptest.Server{Refuse: true}, "dc1.example.org", trusted, "domain controller dc1.example.org cannot be reached: connection refused"},
		"wrong password": {controller(refusing(49, "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1\x00")),
			"dc1.example.org", trusted, "refuses Administrator@EXAMPLE.ORG: the password is wrong"},
		"locked":         {controller(refusing(49, "80090308: LdapErr: x, data 775, v1db1")), "dc1.example.org", trusted, "the account is locked"},
		"in other words": {controller(refusing(49, "no, data zz")), "dc1.example.org", trusted, "no, data zz"},
		"other domain": {controller(func(r ldaptest.Request) []byte {
			if r.Op != ldaptest.Search {
				return nil
			}
			return append(r.Entry("", ldaptest.Attribute{Name: "defaultNamingContext", Values: []string{"DC=example,DC=com"}}), r.Result(0, "")...)
		}), "dc1.example.org", trusted, `of the domain "DC=example,DC=com", not of EXAMPLE.ORG`},
		"too much": {controller(func(r ldaptest.Request) []byte {
			if r.Op != ldaptest.Search {
				return nil
			}
			return append(r.Entry("", ldaptest.Attribute{Name: "x", Values: []string{strings.Repeat("x", maxInput)}}), r.Result(0, "")...)
		}), "dc1.example.org", trusted, "cannot be reached"},
	} {
		c.server.StartsTLS, c.server.TLS = true, good
		for _, protection := range []Protection{LDAPS, StartTLS} {
			c.server.StartsTLS = protection == LDAPS
			d := &Domain{Account: proxy1, Hosts: []string{c.host}, Protection: protection, CA: c.trusted, Dial: c.server.Dial}
			d.complete()
			s, err := d.connect(t.Context(), admin)
			switch {
			case err == nil && c.want == "":
				s.close()
			case err == nil:
				t.Errorf("%s: it is connected to", name)
			case c.want == "" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), admin.Password):
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
			for _, r := range c.server.Seen() {
				if !r.TLS && r.Op == ldaptest.Bind {
					t.Errorf("%s: a password without TLS", name)
				}
			}
		}
	}
}

// TestNext: a controller that cannot be reached is passed over, and a login that one
// refuses is not tried with the next.
func TestNext(t *testing.T) {
	config, trusted := certificate(t, "dc1.example.org")
	s := controller(refusing(49, "no"))
	s.StartsTLS, s.TLS = true, config
	d := &Domain{Account: proxy1, Hosts: []string{"gone", "dc1.example.org", "dc1.example.org"}, CA: trusted, Dial: s.Dial}
	d.complete()
	if _, err := d.connect(t.Context(), admin); !errors.Is(err, errLogin) || s.Dialled() != 2 {
		t.Errorf("%v after %d", err, s.Dialled())
	}
}

// TestHangs: a controller that does not answer is given up when time is.
func TestHangs(t *testing.T) {
	config, trusted := certificate(t, "dc1.example.org")
	for _, op := range []byte{ldaptest.Search, ldaptest.Bind} {
		ctx, cancel := context.WithCancel(t.Context())
		s := controller(func(r ldaptest.Request) []byte {
			if r.Op == op {
				cancel()
				return []byte{}
			}
			return nil
		})
		s.StartsTLS, s.TLS = true, config
		d := &Domain{Account: proxy1, Hosts: []string{"dc1.example.org"}, CA: trusted, Dial: s.Dial}
		d.complete()
		if _, err := d.connect(ctx, admin); err == nil || !strings.Contains(err.Error(), "does not answer in time") {
			t.Errorf("%x: %v", op, err)
		}
	}
}

// TestSealedPassword: there is no password without TLS.
func TestSealedPassword(t *testing.T) {
	s := controller(nil)
	d := &Domain{Account: proxy1, Hosts: []string{"dc1.example.org"}, Protection: Sealed, Dial: s.Dial}
	d.complete()
	if _, err := d.connect(t.Context(), admin); err != errSealedPassword || s.Dialled() != 0 {
		t.Error(err)
	}
}

// TestServiceNames: a ticket is for what only controllers are, by a name that does not
// come from the network unless that says no more than which controller it is.
func TestServiceNames(t *testing.T) {
	for _, c := range []struct {
		hosts []string
		want  string
	}{
		{[]string{"DC1.example.org"}, "ldap/dc1.example.org/example.org@EXAMPLE.ORG ldap/dc1.example.org@EXAMPLE.ORG"},
		{[]string{"192.0.2.1"}, "ldap/dc1.example.org/example.org@EXAMPLE.ORG"},
	} {
		s := controller(nil)
		var asked []string
		d := &Domain{Account: proxy1, Hosts: c.hosts, Protection: Sealed, Dial: s.Dial}
		d.complete()
		_, err := d.connect(t.Context(), Login{Ticket: func(_ context.Context, p initiator.Principal) (initiator.Credential, error) {
			asked = append(asked, p.String())
			return initiator.Credential{}, kdc.ErrUnknownService
		}})
		if got := strings.Join(asked, " "); got != c.want || err == nil || !strings.Contains(err.Error(), "knows no domain controller dc1.example.org") {
			t.Errorf("%s, want %s: %v", got, c.want, err)
		}
	}
}

// TestCures has the answers of Active Directory that are told apart.
func TestCures(t *testing.T) {
	c := &directory{name: "dc1"}
	for words, want := range map[string]string{
		"53 0000216D: SvcErr: DSID-03152DB2, problem 5003 (WILL_NOT_PERFORM), data 0":      "ms-DS-MachineAccountQuota",
		"19 0000052D: AtrErr: DSID-03191083, #1: 0: 0000052D: DSID-03191083, problem 1005": "minimum password age",
		"19 00000056: AtrErr: DSID-03191083, #1:":                                          "the old password is not the account's",
		"68 00000524: UpdErr: DSID-031A11F8, problem 6005 (ENTRY_EXISTS), data 0":          "--existing",
		"68 no":                               "--existing",
		"19 000021C7: AtrErr: DSID-03200E8A":  "setspn",
		"50 00000005: SecErr: DSID-031521E1":  "has not the right",
		"32 0000208D: NameErr: DSID-0310028D": "--ou",
		"10 0000202B: RefErr: DSID-0310082F":  "read-only",
		"80 other":                            "does not create",
	} {
		var code uint16
		head, text, _ := strings.Cut(words, " ")
		for _, digit := range head {
			code = code*10 + uint16(digit-'0')
		}
		err := c.explain("create the account", ldap.NewError(code, errors.New(text+"\x00")))
		if !isAnswer(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\x00") {
			t.Errorf("%s: %v, want %s", words, err, want)
		}
	}
	if err := c.explain("create the account", context.DeadlineExceeded); isAnswer(err) || !strings.Contains(err.Error(), "did not answer") {
		t.Error(err)
	}
}
