package pac

import (
	"strings"
	"testing"

	"squidauth/negotiate/pac/pactest"
)

// bigPACs have 3,000 SIDs, three times what Windows lets a user log on with, but
// for the last, an everyday one.
func bigPACs() map[string][]byte {
	domainGroups, extra, mixed := bigSpec(3000), bigSpec(3000), bigSpec(1000)
	domainGroups.Logon.ExtraSIDs, domainGroups.Logon.ResourceGroups = nil, nil
	extra.Logon.Groups, extra.Logon.ResourceGroups = nil, nil
	return map[string][]byte{
		"groups": pactest.Build(domainGroups), "extra": pactest.Build(extra), "mixed": pactest.Build(mixed),
		"few": pactest.Build(bigSpec(5)),
	}
}

// TestAllocations bounds how often and how much is allocated: not once per SID,
// and no more than the budget.
func TestAllocations(t *testing.T) {
	const each = 60 // parsing, and the table of SIDs
	pacs := bigPACs()
	worst := pactest.Logon{DomainSID: "S-1-5" + strings.Repeat("-1", 14)}
	for rid := range uint32(MaxSize/8 - 100) {
		worst.Groups = append(worst.Groups, rid)
	}
	for name, data := range pacs {
		if n := testing.AllocsPerRun(5, func() { again(data) }); n > each {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	pacs["worst"] = pactest.Build(pactest.Spec{Logon: &worst})
	for name, data := range pacs {
		used := budget(len(data)) + 1
		for range 3 { // others may allocate meanwhile
			used = min(used, allocated(func() { again(data) }))
		}
		t.Logf("%s: %.1f bytes allocated for each", name, float64(used)/float64(len(data)))
		if used > budget(len(data)) {
			t.Errorf("%s: %d bytes allocated for %d", name, used, len(data))
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for name, data := range bigPACs() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				again(data)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for name, data := range bigPACs() {
		b.Run(name, func(b *testing.B) {
			p := parse(b, data)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.VerifyServerSignature(keys[2]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
