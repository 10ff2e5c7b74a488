package directory

import (
	"fmt"
	"testing"
	"time"
)

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

// TestCacheIsBounded: the last answers are there, and time goes one way.
func TestCacheIsBounded(t *testing.T) {
	c := newCache[int, string]()
	for i := range maxEntries + 1000 {
		c.put(i, fmt.Sprint(i), nil, time.Unix(0, 0))
	}
	same(t, "entries", len(c.entries), maxEntries)
	last := []int{maxEntries + 999}
	if v, due, _ := c.lookUp(last, time.Unix(1, 0), nil); v[0] == "" || len(due) > 0 {
		t.Error("the last entry is not there")
	}
	if _, due, _ := c.lookUp(last, time.Unix(-1, 0), nil); len(due) == 0 {
		t.Error("an entry of the future counts")
	}
	if _, due, _ := c.lookUp([]int{-1}, time.Unix(1, 0), nil); len(due) == 0 {
		t.Error("an entry that never was counts")
	}
}
