package ldap

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/helper/doctor"
)

// TestExamine: what a login needs is looked at, and nobody but the service account
// is logged in.
func TestExamine(t *testing.T) {
	entryFor := func(part string) func(ldaptest.Request) []byte {
		return func(r ldaptest.Request) []byte {
			if strings.Contains(r.Body, part) {
				return append(r.Entry("uid=all,dc=test"), r.Result(0, "")...)
			}
			return r.Result(0, "")
		}
	}
	codeFor := func(part string, n int64) func(ldaptest.Request) []byte {
		return func(r ldaptest.Request) []byte {
			if strings.Contains(r.Body, part) {
				return r.Result(n, "no")
			}
			return r.Result(0, "")
		}
	}
	for name, c := range map[string]struct {
		server *ldaptest.Server
		groups Groups
		want   string
		cure   string
	}{
		"good":       {directoryServer(), nil, "", ""},
		"base":       {with(ldaptest.Search, codeFor("dc=test", ldap.LDAPResultNoSuchObject)), nil, "ldap-base", "--base with the DN"},
		"access":     {with(ldaptest.Search, codeFor("dc=test", ldap.LDAPResultOperationsError)), nil, "ldap-access", "--bind-dn"},
		"search":     {with(ldaptest.Search, codeFor(nobodysName, ldap.LDAPResultUnwillingToPerform)), nil, "ldap-search", "mend --filter"},
		"filter":     {with(ldaptest.Search, entryFor(nobodysName)), nil, "ldap-filter", "joined by &"},
		"group base": {with(ldaptest.Search, codeFor("ou=groups", ldap.LDAPResultNoSuchObject)), &Entries{Base: "ou=groups,dc=test", Filter: mustParse(t, DefaultGroupFilter, "du"), Attribute: "cn"}, "ldap-base", "--group-base with"},
		"groups":     {with(ldaptest.Search, codeFor("memberUid", ldap.LDAPResultUnwillingToPerform)), &Entries{Base: "dc=test", Filter: mustParse(t, DefaultGroupFilter, "du"), Attribute: "cn"}, "ldap-groups", "mend --group-filter"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := New(Options{Servers: pool(t, ldapconn.Options{}, c.server), Account: find(t), Groups: c.groups, Log: quiet()})
				var r doctor.Report
				b.Examine(t.Context(), &r)
				var bad []doctor.Finding
				for _, f := range r.Findings() {
					if f.Severity != doctor.Good {
						bad = append(bad, f)
					}
				}
				switch {
				case c.want == "" && len(bad) > 0:
					t.Errorf("%+v", bad)
				case c.want != "" && (len(bad) != 1 || bad[0].Severity != doctor.Fault || bad[0].Code != c.want || !strings.Contains(bad[0].Cure, c.cure)):
					t.Errorf("%+v", bad)
				}
				if usersBinds(c.server) > 0 {
					t.Error("a user was logged in")
				}
			})
		})
	}
}
