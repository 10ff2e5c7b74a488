package directory

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/helper/identity"
)

const down = "the directory cannot be asked for groups"

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
		rids := make([]uint32, 3*maxSIDs+1)
		for i := range rids {
			rids[i] = uint32(990 + i)
		}
		if got := f.names(rids...); !strings.Contains(got, "|Staff|Café Users|A (b)") {
			t.Error(got)
		}
		f.expectSearches(1 + 4)
	})
}

func TestNamesAreRemembered(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		f.names(1001, 1)
		f.expectSearches(2)
		time.Sleep(keepMissing - time.Second)
		same(t, "later", f.names(1001, 1), "Staff|")
		f.expectSearches(2)
		time.Sleep(time.Second)
		same(t, "when the group that there is none of is to be asked for again", f.names(1001, 1), "Staff|")
		f.expectSearches(3)
		delete(f.groups, "CN=Staff,CN=Users,"+domainDN)
		f.groups["CN=Personal,CN=Users,"+domainDN] = domainSID + "-1001"
		time.Sleep(keepFound - keepMissing - time.Second)
		same(t, "before an hour", f.names(1001), "Staff")
		time.Sleep(time.Second)
		same(t, "after an hour", f.names(1001), "Personal")
	})
}

// TestDown: what is known goes on, one line says so, and nobody asks for a while.
func TestDown(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		f.names(1001)
		f.Refuse = true
		f.Hangup()
		time.Sleep(keepFound)
		for range 5 {
			same(t, "names", f.names(1001, 1002), "Staff|")
		}
		same(t, "connections", f.Dialled(), 2)
		time.Sleep(rest)
		same(t, "names after a rest", f.names(1001, 1002), "Staff|")
		same(t, "connections after a rest", f.Dialled(), 3)
		f.expectLog(down)
		f.Refuse = false
		time.Sleep(rest)
		same(t, "names", f.names(1001, 1002), "Staff|Café Users")
		f.expectLog("the directory answers again")
	})
}

// TestHangs: a login waits for its part of the time, and the next ones do not.
func TestHangs(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		f.Reply = func(ldaptest.Request) []byte { return []byte{} }
		began := time.Now()
		same(t, "names", f.names(1001, 1002), "|")
		same(t, "first", time.Since(began), patience)
		same(t, "names", f.names(1001, 1002), "|")
		same(t, "SID", f.sid("Staff"), "error")
		same(t, "all", time.Since(began), patience)
		f.expectLog("no answer in time")
		time.Sleep(rest)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		f.GroupNames(ctx, []identity.SID{mustSID(t, domainSID+"-1001")})
		same(t, "with little time", time.Since(began), time.Second/4)
		f.expectLog()
	})
}

// TestNobodyWaits: who is gone does not make the directory look down.
func TestNobodyWaits(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		ctx, cancel := context.WithCancel(t.Context())
		answer := f.Reply
		f.Reply = func(r ldaptest.Request) []byte {
			cancel()
			return []byte{}
		}
		f.GroupNames(ctx, []identity.SID{mustSID(t, domainSID+"-1001")})
		f.expectLog()
		f.Reply = answer
		same(t, "next", f.names(1001), "Staff")
	})
}

// TestTogether: who asks for the same at the same time shares one search.
func TestTogether(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		answer := f.Reply
		f.Reply = func(r ldaptest.Request) []byte {
			time.Sleep(patience / 10)
			return answer(r)
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { same(t, "names", f.names(1001, 1002), "Staff|Café Users") })
			all.Go(func() { same(t, "SID", f.sid("Staff"), "1001") })
		}
		all.Wait()
		f.expectSearches(1 + 2)
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
		time.Sleep(rest)
		f.opt.Base = domainDN
		same(t, "base", f.sid("Staff"), "1001")
		f.expectLog("answers again")
		same(t, "domain", f.sid(`EXAMPLE\Staff`), "error")
		f.expectLog("name groups without them")
	})
}

// TestPartOfThem: names that came before a failure are used.
func TestPartOfThem(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		answer := f.Reply
		f.Reply = func(r ldaptest.Request) []byte {
			if f.Searches() > 2 {
				return nil
			}
			return answer(r)
		}
		rids := make([]uint32, 2*maxSIDs)
		for i := range rids {
			rids[i] = uint32(1001 + i)
		}
		if got := f.names(rids...); !strings.HasPrefix(got, "Staff|Café Users|") {
			t.Error(got)
		}
		f.expectLog("closed the connection")
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

// TestCacheIsBounded: the last answers are there, and time goes one way.
func TestCacheIsBounded(t *testing.T) {
	c := newCache[int, string]()
	for i := range maxEntries + 1000 {
		c.put(i, fmt.Sprint(i), time.Unix(0, 0))
	}
	same(t, "entries", len(c.entries), maxEntries)
	if v, fresh := c.get(maxEntries+999, time.Unix(1, 0)); v == "" || !fresh {
		t.Error("the last entry is not there")
	}
	if _, fresh := c.get(maxEntries+999, time.Unix(-1, 0)); fresh {
		t.Error("an entry of the future counts")
	}
}

func TestClockPutBack(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		var back time.Duration
		f.opt.Now = func() time.Time { return time.Now().Add(-back) }
		f.Refuse = true
		f.names(1001)
		f.Refuse, back = false, 24*time.Hour
		same(t, "names", f.names(1001), "Staff")
		synctest.Wait()
	})
}
