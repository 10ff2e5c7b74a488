package directory

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/helper/identity"
)

const (
	domainSID = "S-1-5-21-1-2-3"
	domainDN  = "DC=example,DC=test"
	otherDN   = "DC=other,DC=test"
	configDN  = "CN=Configuration,DC=example,DC=test"
)

// fixture is a Directory over one server in memory, with its log, in virtual time.
type fixture struct {
	*Directory
	*ldaptest.Server
	t      *testing.T
	log    bytes.Buffer
	groups map[string]string // SIDs by the DN; the name is that of the DN
}

// run runs a test on a fixture. Connections are closed at its end.
func run(t *testing.T, test func(*testing.T, *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{t: t, Server: &ldaptest.Server{}, groups: map[string]string{
			"CN=Staff,CN=Users," + domainDN:        domainSID + "-1001",
			"CN=Café Users,OU=Groups," + domainDN:  domainSID + "-1002",
			"CN=A (b) *\\,OU=Groups," + domainDN:   domainSID + "-1003",
			"CN=Twice,OU=One," + domainDN:          domainSID + "-1004",
			"CN=Twice,OU=Two," + domainDN:          domainSID + "-1005",
			"CN=Administrators,CN=B," + domainDN:   "S-1-5-32-544",
			"CN=S-1-5-18,CN=B," + domainDN:         domainSID + "-1006",
			"CN=Two\nLines,CN=B," + domainDN:       domainSID + "-1007",
			"CN=Staff,CN=Users," + otherDN:         "S-1-5-21-9-9-9-1001",
			"CN=Foreigners,CN=Users," + otherDN:    "S-1-5-21-9-9-9-1002",
			"CN=NotAsked,CN=Users,DC=elsewhere":    "S-1-5-11",
			"CN=Department,OU=Groups," + domainDN:  domainSID + "-1008",
			"CN=Département,OU=Groups," + domainDN: domainSID + "-1009",
		}}
		f.Reply = f.reply
		server, err := ldapconn.ParseServer("ldap://localhost")
		if err != nil {
			t.Fatal(err)
		}
		f.Directory = New(Options{
			Servers: ldapconn.New(ldapconn.Options{Servers: []ldapconn.Server{server}, Dial: f.Dial}),
			Log:     slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
		})
		test(t, f)
		f.Hangup()
		synctest.Wait()
	})
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// reply answers as Active Directory does: names match without case and accents, and
// there are references to other servers.
func (f *fixture) reply(r ldaptest.Request) []byte {
	var out []byte
	base := r.Base()
	body := strings.Replace(r.Body, base, "", 1)
	add := func(dn string, attributes ...string) {
		var list []ldaptest.Attribute
		for ; len(attributes) > 0; attributes = attributes[2:] {
			list = append(list, ldaptest.Attribute{Name: attributes[0], Values: attributes[1:2]})
		}
		out = append(out, r.Entry(dn, list...)...)
	}
	switch {
	case base == "":
		add("", "DefaultNamingContext", domainDN, "configurationNamingContext", configDN)
	case base == "CN=Partitions,"+configDN && contains(body, "EXAMPLE"):
		add("CN=EXAMPLE,"+base, "nETBIOSName", "EXAMPLE", "nCName", domainDN)
	case base == "CN=Partitions,"+configDN && contains(body, "OTHER"):
		add("CN=OTHER,"+base, "nETBIOSName", "OTHER", "nCName", otherDN)
	}
	for dn, text := range f.groups {
		sid := mustSID(f.t, text)
		name := strings.TrimPrefix(dn[:strings.Index(dn, ",")], "CN=")
		if strings.HasSuffix(dn, base) && base != "" && (strings.Contains(body, string(sid.Binary())) || contains(body, name)) {
			add(dn, "OBJECTSID", string(sid.Binary()), "sAMAccountName", name)
		}
	}
	return append(out, r.Result(ldap.LDAPResultSuccess, "")...)
}

// contains compares like the server: neither case nor the accents here count.
func contains(body, name string) bool {
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "é", "e") }
	return strings.Contains(fold(body), fold(name))
}

// context is as a login has it.
func (f *fixture) context() context.Context {
	ctx, cancel := context.WithTimeout(f.t.Context(), identity.DirectoryWait)
	f.t.Cleanup(cancel)
	return ctx
}

// names asks for the names of groups of the domain, given by their relative IDs,
// and fails the test if that takes longer than it may.
func (f *fixture) names(rids ...uint32) string {
	f.t.Helper()
	began := time.Now()
	got := f.GroupNames(f.context(), mustSID(f.t, domainSID).Children(len(rids), func(i int) uint32 { return rids[i] }))
	if took := time.Since(began); took > identity.DirectoryWait || len(got) != len(rids) {
		f.t.Errorf("%d of %d names after %v", len(got), len(rids), took)
	}
	return strings.Join(got, "|")
}

// sid asks for a group. It returns the relative ID, "none", or "error".
func (f *fixture) sid(name string) string {
	f.t.Helper()
	sids, err := f.GroupSIDs(f.context(), []string{name})
	switch {
	case len(sids) != 1 || err != nil && !sids[0].IsZero():
		f.t.Errorf("%s: %v and %v", name, sids, err)
		fallthrough
	case err != nil:
		return "error"
	case sids[0].IsZero():
		return "none"
	}
	return strings.TrimPrefix(sids[0].String(), domainSID+"-")
}

// login is one of a user who is in some groups, given by their relative IDs, with names
// of groups of which one is required. It returns what came of it, and fails the test
// if it takes too long.
func (f *fixture) login(required string, rids ...uint32) string {
	f.t.Helper()
	sids := mustSID(f.t, domainSID).Children(len(rids), func(i int) uint32 { return rids[i] })
	g := identity.Groups{Format: identity.GroupsName, Require: identity.GroupSet{Names: strings.Split(required, ",")}, Directory: f.Directory}
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	began := time.Now()
	a, ok, err := g.Admit(ctx, identity.Membership{SIDs: sids})
	if took := time.Since(began); took > identity.DirectoryWait {
		f.t.Errorf("a login waited %v for the directory", took)
	}
	switch {
	case err != nil:
		return "error"
	case !ok:
		return "no"
	}
	var groups []string
	for _, p := range a.Pairs {
		groups = append(groups, strings.TrimPrefix(p.Value, domainSID+"-"))
	}
	return strings.Join(groups, "|")
}

// expectLog wants as many lines in the log, with these words, since it was asked
// last.
func (f *fixture) expectLog(want ...string) {
	f.t.Helper()
	if n := strings.Count(f.log.String(), "\n"); n != len(want) {
		f.t.Errorf("%d lines in the log, want %d:\n%s", n, len(want), &f.log)
	}
	for _, w := range want {
		if !strings.Contains(f.log.String(), w) {
			f.t.Errorf("%q is not in the log:\n%s", w, &f.log)
		}
	}
	f.log.Reset()
}

// expectSearches wants so many searches since the start.
func (f *fixture) expectSearches(want int) {
	f.t.Helper()
	if got := f.Searches(); got != want {
		f.t.Errorf("%d searches, want %d", got, want)
	}
}

func mustSID(tb testing.TB, s string) identity.SID {
	tb.Helper()
	sid, err := identity.ParseSID(s)
	if err != nil {
		tb.Fatal(err)
	}
	return sid
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
