package directory

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/helper/identity"
)

func TestGroupNames(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		same(t, "names", f.names(1002, 1, 1001, 1003, 1002), `Café Users||Staff|A (b) *\|Café Users`)
		same(t, "unusable names", f.names(1006, 1007), "|")
		var sids []identity.SID
		for _, s := range []string{"S-1-5-32-544", "S-1-5-21-9-9-9-1001", "S-1-5-11", "S-1-1-0", "S-1-18-1"} {
			sids = append(sids, mustSID(t, s))
		}
		same(t, "others", strings.Join(f.GroupNames(f.context(), sids), "|"), "Administrators||||")
		same(t, "none", len(f.GroupNames(f.context(), nil)), 0)
		f.expectSearches(1 + 3) // one for the rootDSE
		for _, r := range f.Seen() {
			if strings.Contains(r.Body, string(mustSID(t, "S-1-5-11").Binary())) {
				t.Error("a SID that is no group's was asked for")
			}
		}
		f.expectLog()
	})
}

// TestManyGroups: a search asks for no more than it can.
func TestManyGroups(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		rids := make([]uint32, 3*maxGroups+1)
		for i := range rids {
			rids[i] = uint32(990 + i)
		}
		if got := f.names(rids...); !strings.Contains(got, "|Staff|Café Users|A (b)") {
			t.Error(got)
		}
		f.expectSearches(1 + 4)
	})
}

func TestGroupSID(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		for name, want := range map[string]string{
			"Staff":              "1001",
			"sTAFF":              "1001",
			`EXAMPLE\Staff`:      "1001",
			`example\CAFÉ uSERS`: "1002",
			`OTHER\Staff`:        "S-1-5-21-9-9-9-1001",
			"Department":         "1008",
			"Administrators":     "S-1-5-32-544",
		} {
			same(t, name, f.sid(name), want)
		}
		f.expectLog()
		for name, problem := range map[string]string{
			"Cafe Users":       "no such group",
			"Foreigners":       "no such group", // not in the server's own domain
			"*":                "no such group",
			"Staff)(cn=*":      "no such group",
			`NOWHERE\Staff`:    "no such domain",
			`*\Staff`:          "no such domain",
			`EXAMPLE\Nobodies`: "no such group",
			"Twice":            "several groups have that name",
		} {
			same(t, name, f.sid(name), "none")
			f.expectLog(problem)
			time.Sleep(keepMissing)
			same(t, name, f.sid(name), "none")
			f.expectLog()
		}
		f.groups["CN=Nobodies,"+domainDN] = domainSID + "-1010"
		time.Sleep(keepMissing)
		same(t, "a new group", f.sid(`EXAMPLE\Nobodies`), "1010")
	})
}

// TestGroupSIDWhileDown: what was found stays, what was not may be there by now.
func TestGroupSIDWhileDown(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		f.sid("Staff")
		f.sid("Nobodies")
		f.expectLog("no such group")
		f.Refuse = true
		f.Hangup()
		same(t, "not there", f.sid("Nobodies"), "none")
		time.Sleep(2 * keepFound)
		same(t, "found", f.sid("Staff"), "1001")
		same(t, "not there", f.sid("Nobodies"), "error")
		same(t, "never asked for", f.sid(`EXAMPLE\Staff`), "error")
		f.expectLog(down)
	})
}

// TestGroupSIDs: names are asked for together, those of a domain in one search.
func TestGroupSIDs(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		names := []string{"Staff", `OTHER\Staff`, "Nobodies", `EXAMPLE\Staff`, "Café Users", `NOWHERE\Staff`, `EXAMPLE\Café Users`, "Staff"}
		sids, err := f.GroupSIDs(f.context(), names)
		staff, users := domainSID+"-1001", domainSID+"-1002"
		same(t, "SIDs", fmt.Sprint(sids), fmt.Sprint([]string{staff, "S-1-5-21-9-9-9-1001", "", staff, users, "", users, staff}))
		same(t, "error", err, nil)
		f.expectSearches(1 + 1 + 2 + 2 + 1) // the rootDSE; no domain, two domains, one that there is none of
		f.expectLog("no such group", "no such domain")
		for i := range 3 * maxGroups {
			names = append(names, fmt.Sprint("Group", i))
		}
		sids, err = f.GroupSIDs(f.context(), names)
		same(t, "SIDs", len(sids), len(names))
		same(t, "error", err, nil)
		f.expectSearches(7 + 3)
	})
}

// TestRefusedQuestion: what a server answers to one question with an error is
// remembered, said once, and keeps it from no other.
func TestRefusedQuestion(t *testing.T) {
	for code, words := range map[int64]string{
		ldap.LDAPResultReferral:                 "does not hold that part",
		ldap.LDAPResultNoSuchObject:             "does not hold that part",
		ldap.LDAPResultInsufficientAccessRights: "does not let this bind DN",
	} {
		run(t, func(t *testing.T, f *fixture) {
			answer := f.Reply
			f.Reply = func(r ldaptest.Request) []byte {
				if r.Base() == otherDN {
					return r.Result(code, "words of the server")
				}
				return answer(r)
			}
			for minute := range 20 {
				same(t, "member", f.login(`OTHER\Staff,Staff`, 1001, 1002), "Staff|Café Users")
				same(t, "perhaps a member", f.login(`OTHER\Staff,Staff`, 1003), "error")
				same(t, "group", f.sid(`OTHER\Staff`), "error")
				same(t, "another's groups", f.names(1003, 2000+uint32(minute)), `A (b) *\|`)
				time.Sleep(time.Minute)
			}
			searches := 0
			for _, r := range f.Seen() {
				if r.Op == ldaptest.Search && r.Base() == otherDN {
					searches++
				}
			}
			same(t, "searches", searches, int(20*time.Minute/keepMissing))
			f.expectLog(words)
			f.Reply = answer
			same(t, "when that is mended", f.sid(`OTHER\Staff`), "S-1-5-21-9-9-9-1001")
			f.Reply = func(r ldaptest.Request) []byte { return r.Result(code, "words of the server") }
			time.Sleep(keepFound)
			same(t, "what was found stays", f.login(`OTHER\Staff,Staff`, 1001), "Staff")
			same(t, "unknown", f.names(1010), "")
			f.expectLog(`group=OTHER\Staff`, "group=Staff", down)
		})
	}
}

// TestOtherDirectories do not say what Active Directory does.
func TestOtherDirectories(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		answer := f.Reply
		f.Reply = func(r ldaptest.Request) []byte {
			if r.Base() == "" {
				return append(r.Entry("", ldaptest.Attribute{Name: "namingContexts", Values: []string{domainDN}}), r.Result(0, "")...)
			}
			return answer(r)
		}
		same(t, "no base", f.sid("Staff"), "error")
		f.expectLog("give --ldap-base")
		same(t, "no base", f.names(1001), "")
		f.expectLog("give --ldap-base")
		same(t, "domain", f.sid(`EXAMPLE\Staff`), "error")
		f.expectLog("name groups without them")
		f.opt.Base = domainDN
		time.Sleep(keepMissing)
		same(t, "base", f.sid("Staff"), "1001")
		same(t, "base", f.names(1001), "Staff")
		same(t, "domain", f.login(`EXAMPLE\Staff,Staff`, 1001, 1002), "Staff|Café Users")
		f.expectLog()
	})
}

// TestOnlyWhatWasAskedFor: a server's other answers change nothing.
func TestOnlyWhatWasAskedFor(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		f.Reply = func(r ldaptest.Request) []byte {
			var out []byte
			sid := mustSID(t, domainSID+"-1001")
			for _, values := range [][]string{
				{string(sid.Binary()) + "more"}, {string(sid.Binary())[1:]}, {""}, {},
				{string(sid.Binary()), string(sid.Binary())},
				{string(mustSID(t, domainSID+"-512").Binary())},
			} {
				out = append(out, r.Entry("CN=x", ldaptest.Attribute{Name: attrSID, Values: values}, ldaptest.Attribute{Name: attrName, Values: []string{"Forged"}},
					ldaptest.Attribute{Name: attrDefault, Values: []string{domainDN}})...)
			}
			return append(out, r.Result(0, "")...)
		}
		same(t, "names", f.names(1001), "")
		same(t, "the other group", f.names(512), "Forged")
		same(t, "searches", f.Searches(), 3)
	})
}
