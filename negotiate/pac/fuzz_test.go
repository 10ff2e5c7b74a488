package pac

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"squidauth/helper/identity"
	"squidauth/negotiate/pac/pactest"
)

// budget bounds what parsing n bytes may allocate. A group of eight bytes grows
// to at most 68 bytes of SID, 24 in LogonInfo, and what SIDs makes of it.
func budget(n int) uint64 { return 24*uint64(n) + 16<<10 }

// allocated returns the bytes that f allocates, rounded as the allocator does.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzParse checks on any bytes that Parse, SIDs and the checks return, within
// the budget; that SIDs are the user's first, each once and well-formed; that
// nobody's signature verifies; and that a PAC built anew from what was read is
// read the same.
func FuzzParse(f *testing.F) {
	for _, v := range samples(f) {
		f.Add(v.pac)
	}
	f.Add(pactest.Build(pactest.Spec{Logon: &pactest.Logon{ExtraSIDs: []string{"S-1-9-9", ""}}}))
	f.Add(pactest.Build(pactest.Spec{Logon: &pactest.Logon{DomainSID: "S-1-5" + strings.Repeat("-1", 15-1), Groups: make([]uint32, 500)}}))
	key := newKey(18, 32)
	key.KeyValue[0] ^= 0x55
	f.Fuzz(func(t *testing.T, data []byte) {
		var p *PAC
		var err error
		var sids []identity.SID
		used := allocated(func() {
			if p, err = Parse(data); err == nil {
				sids = p.SIDs()
			}
		})
		if used > budget(len(data)) {
			used = min(used, allocated(func() { again(data) })) // others may have allocated meanwhile
		}
		if used > budget(len(data)) {
			t.Fatalf("%d bytes allocated for %d", used, len(data))
		}
		if err != nil {
			if p != nil {
				t.Fatal("an error and a PAC")
			}
			return
		}
		if p.VerifyServerSignature(key) == nil || p.CheckClient("\xff", time.Time{}) == nil {
			t.Fatal("verified")
		}
		checkSIDs(t, p, sids)
		checkRebuilt(t, p, sids)
	})
}

func again(data []byte) {
	if p, err := Parse(data); err == nil {
		p.SIDs()
	}
}

func checkSIDs(t *testing.T, p *PAC, sids []identity.SID) {
	t.Helper()
	seen := map[identity.SID]bool{}
	for _, s := range sids {
		if again, err := identity.ParseSID(s.String()); seen[s] || err != nil || again != s {
			t.Fatalf("SID % x: %v, double %v", s.Binary(), err, seen[s])
		}
		seen[s] = true
	}
	if l := p.Logon; l != nil && !l.UserSID.IsZero() && (len(sids) == 0 || sids[0] != l.UserSID) {
		t.Fatalf("%v is not the first of %v", l.UserSID, sids)
	}
}

// checkRebuilt has the package's own description of p encoded and read again.
func checkRebuilt(t *testing.T, p *PAC, sids []identity.SID) {
	t.Helper()
	l := p.Logon
	if l == nil || l.UserSID.IsZero() && len(l.ExtraSIDs) > 0 { // a UserId without a domain
		return
	}
	logon := &pactest.Logon{Name: l.EffectiveName, FullName: l.FullName, Server: l.LogonServer, Domain: l.LogonDomainName,
		DomainSID: l.DomainSID.String(), UserID: relativeID(l.UserSID, l.DomainSID), PrimaryGroup: relativeID(l.PrimaryGroup, l.DomainSID),
		UserFlags: l.UserFlags, UserAccountControl: l.UserAccountControl}
	for _, g := range l.Groups {
		logon.Groups = append(logon.Groups, relativeID(g.SID, l.DomainSID))
	}
	for _, g := range l.ExtraSIDs {
		logon.ExtraSIDs = append(logon.ExtraSIDs, g.SID.String())
	}
	for _, g := range l.ResourceGroups {
		s := g.SID.String()
		logon.ResourceDomain = s[:strings.LastIndexByte(s, '-')]
		logon.ResourceGroups = append(logon.ResourceGroups, relativeID(g.SID, mustSID(t, logon.ResourceDomain)))
	}
	spec := pactest.Spec{Logon: logon, Requestor: p.Requestor.String(), Attributes: p.Attributes & 3}
	q := parse(t, pactest.Build(spec))
	m := q.Logon
	if m == nil || !slices.Equal(q.SIDs(), sids) || q.Requestor != p.Requestor || q.Attributes != p.Attributes&3 {
		t.Fatalf("read\n%s, and when rebuilt\n%s", describe("", p), describe("", q))
	}
	if m.EffectiveName != l.EffectiveName || m.FullName != l.FullName || m.LogonServer != l.LogonServer ||
		m.LogonDomainName != l.LogonDomainName || m.DomainSID != l.DomainSID || m.UserSID != l.UserSID ||
		m.PrimaryGroup != l.PrimaryGroup || m.UserFlags != l.UserFlags || m.UserAccountControl != l.UserAccountControl {
		t.Fatalf("read %+v, and when rebuilt %+v", l, m)
	}
}

// relativeID is the last number of s if it is of the domain.
func relativeID(s, domain identity.SID) uint32 {
	rest, ok := strings.CutPrefix(s.String(), domain.String()+"-")
	if n, err := strconv.ParseUint(rest, 10, 32); ok && err == nil && !domain.IsZero() {
		return uint32(n)
	}
	return 0
}
