package ldap

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"squidauth/basic"
	"squidauth/helper/directory"
	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/helper/identity"
	"squidauth/protocol"
)

// TestAccount: the names of one account of Active Directory are one to who counts.
func TestAccount(t *testing.T) {
	domain, other := &Backend{opt: Options{Account: &Domain{}}}, &Backend{opt: Options{Account: &Make{}}}
	for user, want := range map[string]string{
		"alice": "alice", "alice@example.test": "alice", `EXAMPLE\alice`: "alice", "a@b@c": "a@b", "@": "", `\`: "",
	} {
		if got := basic.Account(domain, user); got != want {
			t.Errorf("%q is %q, want %q", user, got, want)
		}
		if got := basic.Account(other, user); got != user {
			t.Errorf("%q is %q", user, got)
		}
	}
}

// TestDomainNames: a name of Squid's is one form of an account's name, and no other of
// the many that a domain controller takes.
func TestDomainNames(t *testing.T) {
	d := &Domain{Name: "example.test"}
	for user, want := range map[string]string{
		"alice":                 "alice@example.test",
		"alice smith":           "alice smith@example.test",
		"alice@example.test":    "alice@example.test",
		"alice@mail.example":    "alice@mail.example",
		"a@b@c":                 "a@b@c",
		`EXAMPLE\alice`:         `EXAMPLE\alice`,
		`\alice`:                "",
		`EXAMPLE\`:              "",
		`EXAMPLE\a\b`:           "",
		`EXAMPLE\alice@x`:       "",
		"@example.test":         "",
		"alice@":                "",
		"cn=alice,dc=test":      "",
		"cn=alice@x,dc=test":    "",
		"example.test/alice":    "",
		"HTTP/proxy":            "",
		"{x}":                   "{x}@example.test",
		"alice;x":               "",
		"<SID=S-1-5-21-1-2-3>":  "",
		"S-1-5-21-1-2-3-500":    "S-1-5-21-1-2-3-500@example.test",
		"alice*":                "",
		`EXAMPLE\cn=alice,dc=x`: "",
	} {
		got, verdict := d.bindName(t.Context(), nil, user)
		if got != want || (verdict == nil) != (want != "") || verdict != nil && verdict.Outcome() != protocol.Denied {
			t.Errorf("%s: %q", user, got)
		}
	}
}

// sid returns the one with a relative ID in the tests' domain.
func sid(t *testing.T, text string) identity.SID {
	t.Helper()
	s, err := identity.ParseSID(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	aliceSID  = "S-1-5-21-1-2-3-1001"
	staffSID  = "S-1-5-21-1-2-3-1100"
	usersSID  = "S-1-5-32-545"
	worldSID  = "S-1-1-0"
	adminsSID = "S-1-5-21-1-2-3-1200"
)

// controller plays a domain controller, on which nobody can search who is not logged
// in. Alice is in Staff.
func controller(t *testing.T) *ldaptest.Server {
	var token []string
	for _, text := range []string{aliceSID, staffSID, worldSID, usersSID} {
		token = append(token, string(sid(t, text).Binary()))
	}
	group := func(r ldaptest.Request, name, s string) []byte {
		return r.Entry("CN="+name, ldaptest.Attribute{Name: "sAMAccountName", Values: []string{name}},
			ldaptest.Attribute{Name: "objectSid", Values: []string{string(sid(t, s).Binary())}})
	}
	return &ldaptest.Server{Reply: func(r ldaptest.Request) (b []byte) {
		switch {
		case r.Op == ldaptest.Bind:
			if name, password := r.Login(); name != "alice@example.test" || password != right {
				return r.Result(ldap.LDAPResultInvalidCredentials, "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 52e, v3839\x00")
			}
		case strings.Contains(r.Body, "tokenGroups"):
			b = r.Entry("", ldaptest.Attribute{Name: "tokenGroups", Values: token})
		case strings.Contains(r.Body, "defaultNamingContext"):
			b = r.Entry("", ldaptest.Attribute{Name: "defaultNamingContext", Values: []string{"DC=example,DC=test"}})
		case strings.Contains(r.Body, "Admins"):
			b = group(r, "Admins", adminsSID)
		case strings.Contains(r.Body, "Staff"), strings.Contains(r.Body, string(sid(t, staffSID).Binary())):
			b = group(r, "Staff", staffSID)
		}
		return append(b, r.Result(0, "")...)
	}}
}

// TestDomain: one bind as the user, and what is asked on that connection.
func TestDomain(t *testing.T) {
	required := func(words ...string) identity.GroupSet {
		set, err := identity.ParseGroups(words)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	for name, c := range map[string]struct {
		groups   *identity.Groups
		want     string
		searches int
	}{
		"no groups":      {nil, "OK", 0},
		"SIDs":           {&identity.Groups{Format: identity.GroupsSID}, "OK group=" + aliceSID + " group=" + staffSID + " group=" + usersSID, 1},
		"names":          {&identity.Groups{Format: identity.GroupsName}, "OK group=" + aliceSID + " group=Staff group=" + usersSID, 3},
		"required":       {&identity.Groups{Format: identity.GroupsNone, Require: required("Staff")}, "OK", 3},
		"required SID":   {&identity.Groups{Format: identity.GroupsNone, Require: required(staffSID)}, "OK", 1},
		"not a member":   {&identity.Groups{Format: identity.GroupsSID, Require: required("Admins")}, "ERR", 3},
		"no such group":  {&identity.Groups{Format: identity.GroupsSID, Require: required("Nonesuch")}, "ERR", 3},
		"not one by SID": {&identity.Groups{Format: identity.GroupsSID, Require: required(adminsSID)}, "ERR", 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := controller(t)
				opt := Options{Servers: pool(t, ldapconn.Options{}, s), Account: &Domain{Name: "example.test"}, Log: quiet()}
				if c.groups != nil {
					g := *c.groups
					g.Directory = directory.New(directory.Options{Servers: AsUser{}, Log: quiet()})
					opt.Groups = &Token{Groups: g}
				}
				b := New(opt)
				if got := reply(t, b, "alice "+right); !strings.HasPrefix(got, c.want) {
					t.Errorf("%s, want %s", got, c.want)
				}
				if n, m := s.Count(ldaptest.Bind), s.Searches(); n != 1 || m != c.searches || s.Dialled() != 1 {
					t.Errorf("%d binds, %d searches, %d connections", n, m, s.Dialled())
				}
				if got := reply(t, b, "alice wrong"); !strings.HasPrefix(got, "ERR") || s.Searches() != c.searches {
					t.Errorf("%s", got)
				}
			})
		})
	}
}

// TestDomainGroupsUnknown: a right password is not enough where a group is required.
func TestDomainGroupsUnknown(t *testing.T) {
	for name, answer := range map[string]func(ldaptest.Request) []byte{
		"no token": code(0, ""),
		"nonsense": func(r ldaptest.Request) []byte {
			return append(r.Entry("", ldaptest.Attribute{Name: "tokenGroups", Values: []string{"x", "", "\x01\xff"}}), r.Result(0, "")...)
		},
		"refused":   code(ldap.LDAPResultOperationsError, ""),
		"ended":     func(ldaptest.Request) []byte { return nil },
		"no answer": func(ldaptest.Request) []byte { return []byte{} },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := with(ldaptest.Search, answer)
				s.Reply = func(inner func(ldaptest.Request) []byte) func(ldaptest.Request) []byte {
					return func(r ldaptest.Request) []byte {
						if r.Op == ldaptest.Bind {
							return r.Result(0, "")
						}
						return inner(r)
					}
				}(s.Reply)
				b := New(Options{
					Servers: pool(t, ldapconn.Options{}, s), Account: &Domain{Name: "example.test"}, Log: quiet(),
					Groups: &Token{Groups: identity.Groups{Require: identity.GroupSet{SIDs: []identity.SID{sid(t, staffSID)}}}},
				})
				if v := login(t, b, "alice", right); v.Outcome() != protocol.Unavailable || v.Reason() == basic.Authenticated {
					t.Errorf("%v, %s, %v", v.Outcome(), v.Reason(), v.Cause())
				}
			})
		})
	}
}

// TestAsUserWithoutLogin has nobody to search as.
func TestAsUserWithoutLogin(t *testing.T) {
	if _, err := (AsUser{}).Search(t.Context(), &ldap.SearchRequest{}); err != errNoSession {
		t.Error(err)
	}
}
