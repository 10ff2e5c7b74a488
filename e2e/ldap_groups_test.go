//go:build unix

package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
	"squidauth/protocol"
)

// TestLDAPGroups admits by groups, as the directory has them: entries that list
// members, and the attribute memberOf in a filter.
func TestLDAPGroups(t *testing.T) {
	t.Parallel()
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{People: []e2e.Person{
		{Name: "o'hara, (sue)", Password: "sues-own-secret", Groups: []string{"proxyusers"}},
	}})
	sue := e2e.Person{Name: "o'hara, (sue)", Password: "sues-own-secret"}
	alice, bob, carol := e2e.PersonOf("alice"), e2e.PersonOf("bob"), e2e.PersonOf("carol")
	const groups = "--group-base " + e2e.SlapdGroups
	const dn = "cn=proxyusers," + e2e.SlapdGroups
	for name, c := range map[string]struct {
		options string
		in, out []e2e.Person
		groups  []string // reported of the first
	}{
		"by name":   {groups + " --require-group ProxyUsers", []e2e.Person{alice, bob, sue}, []e2e.Person{carol}, nil},
		"by DN":     {groups + " --require-group " + dn, []e2e.Person{alice, bob, sue}, []e2e.Person{carol}, nil},
		"one of":    {groups + " --require-group staff --require-group nobodies", []e2e.Person{alice}, []e2e.Person{bob, sue, carol}, nil},
		"nobody's":  {groups + " --require-group nobodies", nil, []e2e.Person{alice, bob, sue, carol}, nil},
		"names":     {groups + " --group-format name", []e2e.Person{alice, bob, carol}, nil, []string{"proxyusers", "staff"}},
		"DNs":       {groups + " --group-format dn --groups staff", []e2e.Person{alice, bob, carol}, nil, []string{"cn=staff," + e2e.SlapdGroups}},
		"in filter": {"--filter (&(uid=%s)(memberOf=" + dn + "))", []e2e.Person{alice, bob, sue}, []e2e.Person{carol}, nil},
		"DN": {
			"--filter= --user-attribute uid " + groups + " --require-group proxyusers", []e2e.Person{alice, bob, sue}, []e2e.Person{carol}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(ldap(t, slapd, "--filter uid=%s --base "+e2e.SlapdPeople+" "+c.options))
			helper := e2e.StartPeer(t, e2e.PeerConfig{Command: words, AsProxy: true})
			ask := func(p e2e.Person, password string) string {
				return helper.Ask(t, rfc1738(p.Name)+" "+rfc1738(password))
			}
			for i, p := range c.in {
				reply := ask(p, p.Password)
				result, groups := resultAndGroups(reply)
				if result != protocol.ResultOK || i == 0 && !slices.Equal(groups, c.groups) {
					t.Errorf("%s: %q, want %q", p.Name, reply, c.groups)
				}
				if reply := ask(p, "not-the-password"); !strings.HasPrefix(reply, "ERR") {
					t.Errorf("%s with a wrong password: %q", p.Name, reply)
				}
			}
			for _, p := range c.out {
				if reply := ask(p, p.Password); !strings.HasPrefix(reply, "ERR") {
					t.Errorf("%s: %q", p.Name, reply)
				}
			}
		})
	}
}

// resultAndGroups reads a reply. The groups are sorted: a directory has no order.
func resultAndGroups(reply string) (protocol.Result, []string) {
	p := protocol.ParseReply([]byte(reply))
	var groups []string
	for _, n := range p.Notes {
		if n.Key == "group" {
			groups = append(groups, n.Value)
		}
	}
	slices.Sort(groups)
	return p.Result, groups
}

// rfc1738 escapes what a line for a helper cannot hold as it is.
func rfc1738(s string) string {
	return strings.NewReplacer("%", "%25", " ", "%20").Replace(s)
}
