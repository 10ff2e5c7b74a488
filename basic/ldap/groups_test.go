package ldap

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"squidauth/basic"
	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/protocol"
)

// reply returns the line that Squid gets.
func reply(t *testing.T, b *Backend, line string) string {
	t.Helper()
	h := &basic.Handler{Backend: b, Name: "ldap"}
	return strings.TrimSuffix(string(protocol.AppendReply(nil, h.Handle(t.Context(), []byte(line)), protocol.Basic, protocol.Modern)), "\n")
}

// TestGroups: the search for groups is the service account's, after the password was
// found right.
func TestGroups(t *testing.T) {
	const refused = "ERR Wrong user name or password"
	for name, c := range map[string]struct {
		form          GroupForm
		require, only []string
		want          string
	}{
		"names":              {GroupNames, nil, nil, "OK group=Staff group=Web%20Users"},
		"DNs":                {GroupDNs, nil, nil, "OK group=cn=Staff,ou=groups,dc=test group=cn=Web%20Users,ou=groups,dc=test"},
		"none":               {NoGroups, nil, nil, "OK"},
		"only":               {GroupNames, nil, []string{"staff"}, "OK group=Staff"},
		"only, DN":           {GroupNames, nil, []string{"CN=Staff, OU=groups, DC=test"}, "OK group=Staff"},
		"required":           {NoGroups, []string{"admins", "STAFF"}, nil, "OK"},
		"required DN":        {NoGroups, []string{"cn=web users,ou=groups,dc=test"}, nil, "OK"},
		"required elsewhere": {NoGroups, []string{"cn=Staff,ou=others,dc=test"}, nil, refused},
		"not a member":       {GroupNames, []string{"admins"}, nil, refused},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := directoryServer()
				b := New(Options{Servers: pool(t, asService(), s), Account: find(t), Log: quiet(), Groups: &Entries{
					Base: "ou=groups,dc=test", Filter: mustParse(t, DefaultGroupFilter, "du"), Attribute: "cn",
					Form: c.form, Require: c.require, Only: c.only,
				}})
				if got := reply(t, b, "alice "+right); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				searches := s.Searches()
				if got := reply(t, b, "alice wrong"); !strings.HasPrefix(got, "ERR") || s.Searches() != searches+1 {
					t.Errorf("%s after %d searches", got, s.Searches()-searches)
				}
			})
		})
	}
}

// TestGroupsUnknown: a right password with groups that cannot be told is undecided.
func TestGroupsUnknown(t *testing.T) {
	for name, answer := range map[string]func(ldaptest.Request) []byte{
		"refused": code(ldap.LDAPResultInsufficientAccessRights, ""),
		"ended":   func(ldaptest.Request) []byte { return nil },
		"too many": func(r ldaptest.Request) (b []byte) {
			for n := range maxGroups {
				b = append(b, r.Entry(fmt.Sprintf("cn=%d", n), ldaptest.Attribute{Name: "cn", Values: []string{"x"}})...)
			}
			return append(b, r.Result(ldap.LDAPResultSizeLimitExceeded, "")...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := with(ldaptest.Search, answer)
				b := New(Options{Servers: pool(t, asService(), s), Account: &Make{Base: base, Attribute: "uid"}, Log: quiet(), Groups: &Entries{
					Base: base, Filter: mustParse(t, DefaultGroupFilter, "du"), Attribute: "cn", Require: []string{"staff"},
				}})
				v := login(t, b, "alice", right)
				if v.Outcome() != protocol.Unavailable || usersBinds(s) != 1 {
					t.Errorf("%v, %s, %v, %d binds", v.Outcome(), v.Reason(), v.Cause(), usersBinds(s))
				}
			})
		})
	}
}

// TestManyGroups: a reply has a bound.
func TestManyGroups(t *testing.T) {
	g := &Entries{Attribute: "cn", Form: GroupNames}
	var found []*ldap.Entry
	for n := range maxGroups {
		found = append(found, ldap.NewEntry("cn=x", map[string][]string{"cn": {fmt.Sprintf("%d %s", n, strings.Repeat("x", 100))}}))
	}
	size := 0
	for _, p := range g.pairs(found) {
		size += len(" group=") + len(p.Value)
	}
	if size > maxGroupBytes || size < maxGroupBytes/2 {
		t.Errorf("%d bytes", size)
	}
}
