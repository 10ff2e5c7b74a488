package directory

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/helper/identity"
)

const down = "the directory cannot be asked for groups"

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
		time.Sleep(retryAfter)
		same(t, "names after a rest", f.names(1001, 1002), "Staff|")
		same(t, "connections after a rest", f.Dialled(), 3)
		f.expectLog(down)
		f.Refuse = false
		time.Sleep(retryAfter)
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
		same(t, "first", time.Since(began), identity.DirectoryWait)
		same(t, "names", f.names(1001, 1002), "|")
		same(t, "SID", f.sid("Staff"), "error")
		same(t, "all", time.Since(began), identity.DirectoryWait)
		f.expectLog("no answer in time")
		time.Sleep(retryAfter)
		same(t, "login", f.login("Staff", 1001), "error")
		same(t, "one after a rest", time.Since(began), 2*identity.DirectoryWait+retryAfter)
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
			time.Sleep(identity.DirectoryWait / 10)
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

// TestSlow: a server that answers, but not all in time, is not down; the rest is
// learnt at the next login.
func TestSlow(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		answer := f.Reply
		f.Reply = func(r ldaptest.Request) []byte {
			time.Sleep(identity.DirectoryWait / 20)
			return answer(r)
		}
		many := make([]uint32, 30*maxGroups)
		for i := range many {
			many[i] = uint32(20000 + i)
		}
		many[len(many)-1] = 1002
		same(t, "at first", strings.HasSuffix(f.names(many...), "|"), true)
		same(t, "another's group", f.names(1001), "Staff")
		same(t, "at the next login", strings.HasSuffix(f.names(many...), "|Café Users"), true)
		f.expectLog()
	})
}

// TestLoginWaits: all questions of a login have their time together.
func TestLoginWaits(t *testing.T) {
	run(t, func(t *testing.T, f *fixture) {
		answer := f.Reply
		f.Reply = func(r ldaptest.Request) []byte {
			time.Sleep(600 * time.Millisecond)
			return answer(r)
		}
		const required = `A,B,C,D,E,F,G,H,I,J,K,L,M,N,EXAMPLE\O,EXAMPLE\P,Staff`
		for range 4 {
			f.login(required, 1001, 1002)
		}
		same(t, "in the end", f.login(required, 1001, 1002), "Staff|Café Users")
		same(t, "nobody is told that it is down", strings.Contains(f.log.String(), down), false)
		f.log.Reset()
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
		rids := make([]uint32, 2*maxGroups)
		for i := range rids {
			rids[i] = uint32(1001 + i)
		}
		for range 2 { // a server that answered works; the next time it did not
			f.expectLog()
			if got := f.names(rids...); !strings.HasPrefix(got, "Staff|Café Users|") {
				t.Error(got)
			}
			time.Sleep(identity.DirectoryWait)
		}
		f.expectLog("closed the connection")
	})
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
