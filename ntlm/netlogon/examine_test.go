package netlogon

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/helper/doctor"
	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/netlogon/nrpc"
)

// TestExamine: what is wrong is named, the machine account is tried once and nobody is
// logged on.
func TestExamine(t *testing.T) {
	for name, c := range map[string]struct {
		dcs     int
		prepare func(*testing.T, *fixture)
		want    string
		cure    string
	}{
		"good":            {1, nil, "", ""},
		"no secret":       {1, func(t *testing.T, f *fixture) { os.Remove(f.secret) }, "fault machine-secret-missing", "ntlm join --secret"},
		"empty secret":    {1, func(t *testing.T, f *fixture) { f.setSecret("") }, "fault machine-secret-unusable", "PROXY$"},
		"open secret":     {1, func(t *testing.T, f *fixture) { os.Chmod(f.secret, 0o644) }, "warning machine-secret-open", "chmod 640"},
		"wrong secret":    {2, func(t *testing.T, f *fixture) { f.setSecret("not-it") }, "fault machine-secret-wrong", "ntlm rotate --reset"},
		"no account":      {1, setDC(func(d *dctest.DC) { d.SetUpStatus = nrpc.NoTrustSAMAccount }), "fault machine-account", "ntlm join"},
		"down":            {1, setDC(func(d *dctest.DC) { d.Down = true }), "fault dc-unreachable", "TCP port 135 of dc1"},
		"one of two down": {2, setDC(func(d *dctest.DC) { d.Down = true }), "warning dc-unreachable", "TCP port 135 of dc1"},
		"no AES":          {1, setDC(func(d *dctest.DC) { d.Flags = 1 }), "fault dc-unreachable", ""},
		"state": {1, func(t *testing.T, f *fixture) {
			if err := os.Mkdir(f.dir, 0o700); err != nil {
				t.Fatal(err)
			}
			os.Chmod(f.dir, 0o777)
		}, "warning state-dir", "install -d"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, newNetwork(c.dcs))
				now := time.Now()
				if err := os.Chtimes(f.secret, now, now); err != nil {
					t.Fatal(err)
				}
				if c.prepare != nil {
					c.prepare(t, f)
				}
				f.Verifier = f.another()
				var r doctor.Report
				f.Examine(within(t, 30*time.Second), &r)
				var bad []doctor.Finding
				for _, found := range r.Findings() {
					if found.Severity == doctor.Good {
						continue
					}
					bad = append(bad, found)
					if strings.Contains(found.What+found.Cure, dctest.Secret) {
						t.Errorf("a secret is told: %+v", found)
					}
				}
				switch {
				case c.want == "" && len(bad) > 0:
					t.Errorf("%+v", bad)
				case c.want != "" && (len(bad) != 1 || string(bad[0].Severity)+" "+bad[0].Code != c.want || !strings.Contains(bad[0].Cure, c.cure)):
					t.Errorf("%+v, want %s", bad, c.want)
				}
				if n := f.network.counts(); n.Refusals > 1 || n.Logons > 0 {
					t.Errorf("%+v", n)
				}
			})
		})
	}
}

func setDC(change func(*dctest.DC)) func(*testing.T, *fixture) {
	return func(_ *testing.T, f *fixture) { f.network.dcs[0].Set(change) }
}

// TestOldSecret: one that Windows would have changed thrice is worth a note.
func TestOldSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		old := time.Now().Add(-oldSecret - time.Hour)
		if err := os.Chtimes(f.secret, old, old); err != nil {
			t.Fatal(err)
		}
		var r doctor.Report
		f.Examine(t.Context(), &r)
		if r.Count(doctor.Note) != 1 {
			t.Errorf("%+v", r.Findings())
		}
	})
}
