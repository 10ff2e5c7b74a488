package ldapconn

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/helper/doctor"
)

// examined returns what is wrong with a pool, and whether it works.
func examined(t *testing.T, p *Pool) (bad []doctor.Finding, works bool) {
	t.Helper()
	var r doctor.Report
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	works = p.ExamineServers(ctx, &r)
	for _, f := range r.Findings() {
		if strings.Contains(f.What+f.Cure, password) {
			t.Errorf("a secret is told: %+v", f)
		}
		if f.Severity != doctor.Good {
			bad = append(bad, f)
		}
	}
	return bad, works
}

func TestExamineServers(t *testing.T) { bubble(t, testExamineServers) }

func testExamineServers(t *testing.T) {
	refuse := func(code int64) *ldaptest.Server {
		return answering(ldaptest.Bind, func(r ldaptest.Request) []byte { return r.Result(code, "no") })
	}
	mine, ca := certificate(t, "0.test")
	other, otherCA := certificate(t, "another.test")
	expired, expiredCA := certificateUntil(t, "0.test", time.Unix(1e6, 0))
	soon, soonCA := certificateUntil(t, "0.test", time.Now().Add(48*time.Hour))
	quiet := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		name    string
		options func() Options
		servers []*ldaptest.Server
		want    string
		cure    string
		works   bool
	}{
		{"good", func() Options { return Options{CA: OpenCA(ca, quiet)} }, []*ldaptest.Server{{Reply: answer, TLS: mine, StartsTLS: true}}, "", "", true},
		{"plain", nil, []*ldaptest.Server{good()}, "warning ldap-exposed", "ldaps://0.test", true},
		{"StartTLS", func() Options { return Options{StartTLS: true, CA: OpenCA(ca, quiet)} }, []*ldaptest.Server{{Reply: answer, TLS: mine}}, "", "", true},
		{"no StartTLS", func() Options { return Options{StartTLS: true, CA: OpenCA(ca, quiet)} },
			[]*ldaptest.Server{answering(ldaptest.Extended, func(r ldaptest.Request) []byte { return r.Result(2, "no") })}, "fault ldap-starttls", "ldaps://0.test", false},
		{"refused", nil, []*ldaptest.Server{{Refuse: true}}, "warning ldap-exposed fault ldap-unreachable", "firewall", false},
		{"hangs", nil, []*ldaptest.Server{{Hang: true}}, "warning ldap-exposed fault ldap-unreachable", "firewall", false},
		{"silent", nil, []*ldaptest.Server{{Reply: silence}}, "warning ldap-exposed fault ldap-unreachable", "firewall", false},
		{"one of two", nil, []*ldaptest.Server{{Refuse: true}, good()}, "warning ldap-exposed warning ldap-exposed warning ldap-unreachable", "firewall", true},
		{"bind refused", bound(t), []*ldaptest.Server{refuse(ldap.LDAPResultInvalidCredentials), good()}, "warning ldap-exposed fault ldap-bind-refused", "tried once", false},
		{"signing", bound(t), []*ldaptest.Server{refuse(ldap.LDAPResultStrongAuthRequired)}, "warning ldap-exposed fault ldap-signing-required", "ldaps://0.test", false},
		{"another name", func() Options { return Options{CA: OpenCA(otherCA, quiet)} }, []*ldaptest.Server{{Reply: answer, TLS: other, StartsTLS: true}}, "fault ldap-certificate-name", "made for 0.test", false},
		{"another CA", func() Options { return Options{CA: OpenCA(otherCA, quiet)} }, []*ldaptest.Server{{Reply: answer, TLS: mine, StartsTLS: true}}, "fault ldap-certificate", "--ldap-ca FILE", false},
		{"expired", func() Options { return Options{CA: OpenCA(expiredCA, quiet)} }, []*ldaptest.Server{{Reply: answer, TLS: expired, StartsTLS: true}}, "fault ldap-certificate-expired", "renew", false},
		{"expires", func() Options { return Options{CA: OpenCA(soonCA, quiet)} }, []*ldaptest.Server{{Reply: answer, TLS: soon, StartsTLS: true}}, "warning ldap-certificate-expires", "renew", true},
		{"any", func() Options { return Options{AnyCertificate: true} }, []*ldaptest.Server{{Reply: answer, TLS: other, StartsTLS: true}}, "warning ldap-any-certificate", "--ca FILE", true},
		{"no CA", func() Options { return Options{CA: OpenCA("/no/such/file", quiet)} }, []*ldaptest.Server{good()}, "fault ldap-ca-missing", "export", false},
		{"no DNS", func() Options {
			return Options{Find: func(context.Context) ([]Server, error) { return nil, errors.New("no such host") }}
		}, nil, "fault ldap-dns", "ldaps://HOST", false},
	} {
		opt := Options{}
		if c.options != nil {
			opt = c.options()
		}
		opt.Now = time.Now
		bad, works := examined(t, newPool(opt, c.servers...))
		var got []string
		for _, f := range bad {
			got = append(got, string(f.Severity)+" "+f.Code)
		}
		if strings.Join(got, " ") != c.want || works != c.works {
			t.Errorf("%s: %+v, works %v; want %s", c.name, bad, works, c.want)
		}
		if len(bad) > 0 && !strings.Contains(bad[len(bad)-1].Cure, c.cure) {
			t.Errorf("%s: cure %q", c.name, bad[len(bad)-1].Cure)
		}
		if binds := slices.IndexFunc(c.servers, func(s *ldaptest.Server) bool { return s.Count(ldaptest.Bind) > 1 }); binds >= 0 {
			t.Errorf("%s: more than one bind", c.name)
		}
	}
}

// bound makes options with a bind DN.
func bound(t *testing.T) func() Options {
	return func() Options {
		opt, _ := withSecret(t, Options{})
		return opt
	}
}

// TestExamineSecret: the file of the password.
func TestExamineSecret(t *testing.T) {
	opt, path := withSecret(t, Options{})
	s := good()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if bad, works := examined(t, newPool(opt, s)); !works || len(bad) != 2 || bad[0].Code != "ldap-secret-open" {
		t.Errorf("%+v", bad)
	}
	write(t, path, "")
	if bad, works := examined(t, newPool(opt, s)); works || len(bad) != 2 || bad[1].Code != "ldap-secret-unusable" {
		t.Errorf("%+v", bad)
	}
}
