package pac

import (
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/helper/identity"
	"squidauth/negotiate/pac/pactest"
)

const (
	domain  = "S-1-5-21-1-2-4294967295"
	foreign = "S-1-5-21-9-8-7"
)

// keys are one of each type that can sign.
var keys = []types.EncryptionKey{newKey(23, 16), newKey(17, 16), newKey(18, 32), newKey(19, 16), newKey(20, 32)}

func newKey(kind int32, size int) types.EncryptionKey {
	value := make([]byte, size)
	for i := range value {
		value[i] = byte(int(kind) + i)
	}
	return types.EncryptionKey{KeyType: kind, KeyValue: value}
}

// bigSpec has n groups of each kind, and nothing that is zero.
func bigSpec(n int) pactest.Spec {
	logon := &pactest.Logon{Name: "jürgen", FullName: "Jürgen 😀\n", Server: "DC1", Domain: "EXAMPLE", DomainSID: domain,
		UserID: 1105, PrimaryGroup: 513, UserFlags: 0x220, UserAccountControl: 0x210, ResourceDomain: foreign}
	for i := range n {
		logon.Groups = append(logon.Groups, uint32(10000+i))
		logon.ExtraSIDs = append(logon.ExtraSIDs, "S-1-5-21-3-3-3-"+strconv.Itoa(i))
		logon.ResourceGroups = append(logon.ResourceGroups, uint32(i))
	}
	return pactest.Spec{Logon: logon, Client: "jürgen", AuthTime: time.Unix(1700000000, 0).UTC(), Attributes: PACWasRequested,
		Requestor: domain + "-1105",
		UPN:       &pactest.UPN{Name: "jürgen@example.test", Domain: "EXAMPLE.TEST", Flags: 1, SamName: "jürgen", SID: domain + "-1105"},
		Buffers:   []pactest.Buffer{{Type: 77, Data: []byte("unknown")}, {Type: typeClientClaims}}, Key: keys[2]}
}

func mustSID(tb testing.TB, s string) identity.SID {
	tb.Helper()
	sid, err := identity.ParseSID(s)
	if err != nil {
		tb.Fatalf("%q: %v", s, err)
	}
	return sid
}

// wantPAC is what Parse should make of spec.
func wantPAC(tb testing.TB, spec pactest.Spec) *PAC {
	l, u := spec.Logon, spec.UPN
	logon := &LogonInfo{EffectiveName: l.Name, FullName: l.FullName, LogonServer: l.Server, LogonDomainName: l.Domain,
		DomainSID: mustSID(tb, l.DomainSID), UserSID: mustSID(tb, fmt.Sprint(l.DomainSID, "-", l.UserID)),
		PrimaryGroup: mustSID(tb, fmt.Sprint(l.DomainSID, "-", l.PrimaryGroup)),
		UserFlags:    l.UserFlags, UserAccountControl: l.UserAccountControl}
	for _, rid := range l.Groups {
		logon.Groups = append(logon.Groups, Group{mustSID(tb, fmt.Sprint(l.DomainSID, "-", rid)), pactest.Attributes})
	}
	for _, s := range l.ExtraSIDs {
		logon.ExtraSIDs = append(logon.ExtraSIDs, Group{mustSID(tb, s), pactest.Attributes})
	}
	for _, rid := range l.ResourceGroups {
		logon.ResourceGroups = append(logon.ResourceGroups, Group{mustSID(tb, fmt.Sprint(l.ResourceDomain, "-", rid)), pactest.Attributes})
	}
	return &PAC{Logon: logon, Client: &ClientInfo{spec.Client, spec.AuthTime}, Requestor: mustSID(tb, spec.Requestor),
		UPN:        &UPNInfo{u.Name, u.Domain, u.Flags&1 != 0, u.SamName, mustSID(tb, u.SID)},
		Attributes: spec.Attributes}
}

func TestBuildAndParse(t *testing.T) {
	for _, n := range []int{0, 1, 200, 3000} {
		spec := bigSpec(n)
		data := pactest.Build(spec)
		p := parse(t, data)
		clear(data) // nothing refers to it
		if err := p.VerifyServerSignature(spec.Key); err != nil {
			t.Error(err)
		}
		if err := p.CheckClient(spec.Client, spec.AuthTime); err != nil {
			t.Error(err)
		}
		sids := p.SIDs()
		p.raw, p.server, p.kdc = "", span{}, span{}
		want := wantPAC(t, spec)
		if !reflect.DeepEqual(p, want) {
			t.Fatalf("%d groups: got %.2000s\nwant %.2000s", n, describe("", p), describe("", want))
		}
		list := []identity.SID{want.Logon.UserSID}
		for _, g := range [][]Group{want.Logon.Groups, want.Logon.ExtraSIDs, want.Logon.ResourceGroups} {
			for _, g := range g {
				list = append(list, g.SID)
			}
		}
		if !reflect.DeepEqual(sids, list) || len(sids) != 1+3*n {
			t.Errorf("%d groups: got %d SIDs", n, len(sids))
		}
	}
}

// TestSIDs is about double SIDs, null pointers and users without a relative ID.
func TestSIDs(t *testing.T) {
	for _, c := range []struct {
		name  string
		logon *pactest.Logon
		want  string
	}{
		{"no LOGON_INFO", nil, "[]"},
		{"empty", &pactest.Logon{}, "[]"},
		{"no domain", &pactest.Logon{UserID: 7, PrimaryGroup: 8, ExtraSIDs: []string{"S-1-18-1"}}, "[S-1-18-1]"},
		{"null SIDs", &pactest.Logon{ExtraSIDs: []string{"", "S-1-18-1", ""}}, "[S-1-18-1]"},
		{"the user is the first of ExtraSids", &pactest.Logon{DomainSID: "S-1-2", Groups: []uint32{5, 6},
			ExtraSIDs: []string{"S-1-9-9", "S-1-9-8"}}, "[S-1-9-9 S-1-2-5 S-1-2-6 S-1-9-8]"},
		{"double", &pactest.Logon{DomainSID: "S-1-2", UserID: 5, Groups: []uint32{6, 5, 6, 7}, ExtraSIDs: []string{"S-1-2-7", "S-1-2-4", "S-1-2-4"},
			ResourceDomain: "S-1-2", ResourceGroups: []uint32{4, 3, 5, 3}}, "[S-1-2-5 S-1-2-6 S-1-2-7 S-1-2-4 S-1-2-3]"},
		{"resources without a domain of the user", &pactest.Logon{ResourceDomain: "S-1-2", ResourceGroups: []uint32{0}}, "[S-1-2-0]"},
	} {
		p := parse(t, pactest.Build(pactest.Spec{Logon: c.logon}))
		if got := fmt.Sprint(p.SIDs()); got != c.want || p.Malformed != nil {
			t.Errorf("%s: got %s, %v", c.name, got, p.Malformed)
		}
	}
}
