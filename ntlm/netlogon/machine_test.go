package netlogon

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/helper/state"
	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/ntlmssp"
)

// TestWrongSecret: a domain controller that refuses the machine account is not
// asked again soon, but at once when the secret changes.
func TestWrongSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		f.setSecret("not-the-secret")
		f.Verifier = f.another()
		for range 10 {
			f.expect(dctest.Password, refusedAcct)
		}
		if c := f.network.counts(); c.Refusals != 1 || c.Connections != 3 {
			t.Errorf("%+v", c)
		}
		f.expectLog(1, "domain controller cannot be used", "write the right one into the file")
		time.Sleep(firstBackoff)
		f.expect(dctest.Password, refusedAcct)
		f.expect(dctest.Password, refusedAcct)
		if c := f.network.counts(); c.Refusals != 2 {
			t.Errorf("%+v", c)
		}
		f.expectEnds(map[string]int{"dc1 refused": 2})
		f.setSecret(dctest.Secret)
		time.Sleep(time.Second) // until the file is looked at, and at rest
		f.expect(dctest.Password, yes)
		f.expectLog(1, "domain controller can be used again")
	})
}

// TestRefusedByOne: where one of several refuses the machine account, another helps
// out until it is time to ask again.
func TestRefusedByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(2)
		w.dcs[0].Secret = ntlmssp.NTOWFv1("not-replicated-yet")
		f := newFixture(t, w)
		for range 3 {
			f.expect(dctest.Password, yes)
		}
		w.dcs[0].Set(func(d *dctest.DC) { d.Secret = w.dcs[1].Secret })
		f.expect(dctest.Password, yes)
		time.Sleep(firstBackoff)
		f.expect(dctest.Password, yes)
		if a, b := w.dcs[0].Counts(), w.dcs[1].Counts(); a.Refusals != 1 || a.Logons != 1 || b.Logons != 4 {
			t.Errorf("%+v, %+v", a, b)
		}
	})
}

// TestBackoff: the pauses grow, and end.
func TestBackoff(t *testing.T) {
	s := secrets{[]ntlmssp.Key{{1}}}
	now := time.Unix(1_800_000_000, 0)
	var r refusal
	for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300} {
		r = r.again(now, s, nrpc.AccessDenied)
		if got := r.until.Sub(now); got != want*time.Second {
			t.Errorf("refusal %d: %v", r.times, got)
		}
		if !r.in(now, s) || r.in(r.until, s) || r.in(now, secrets{[]ntlmssp.Key{{2}}}) || r.in(now.Add(-time.Hour), s) {
			t.Errorf("refusal %d", r.times)
		}
		if again := parseRefusal(r.String()); again != r || len(r.String()) > state.MaxNote {
			t.Errorf("%q is read as %+v, not %+v", r, again, r)
		}
	}
	if other := r.again(now, secrets{[]ntlmssp.Key{{2}}}, nrpc.AccessDenied); other.times != 1 {
		t.Errorf("%+v", other)
	}
}

// TestRefusedOtherwise has the other refusals of a machine account, and what is
// none.
func TestRefusedOtherwise(t *testing.T) {
	for status, want := range map[nrpc.Status]string{
		nrpc.NoTrustSAMAccount:     refusedAcct,
		nrpc.NoTrustLSASecret:      refusedAcct,
		nrpc.DowngradeDetected:     refusedAcct,
		nrpc.InvalidComputerName:   refusedAcct,
		nrpc.NetlogonNotStarted:    noDC,
		nrpc.InsufficientResources: saturated,
		0xC0000001:                 noDC,
	} {
		w := newNetwork(1)
		w.dcs[0].SetUpStatus = status
		f := newFixture(t, w)
		f.expect(dctest.Password, want)
		w.dcs[0].Set(func(d *dctest.DC) { d.SetUpStatus = 0 })
		if want != refusedAcct {
			want = yes
		}
		f.expect(dctest.Password, want)
	}
}

// TestWeakController: one without AES is not used.
func TestWeakController(t *testing.T) {
	for _, missing := range []nrpc.Flags{0x4000, 0x01000000, 0x40000000, 0x80000} {
		w := newNetwork(1)
		w.dcs[0].Flags = nrpc.Proposed &^ missing
		newFixture(t, w).expect(dctest.Password, noDC)
	}
}

// TestSharedRefusal: what one process was told the others need not ask.
func TestSharedRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		f.setSecret("not-the-secret")
		for range 10 {
			f.Verifier = f.another()
			f.expect(dctest.Password, refusedAcct)
		}
		if c := f.network.counts(); c.Refusals != 1 {
			t.Errorf("%+v", c)
		}
		f.setSecret(dctest.Secret)
		f.Verifier = f.another()
		f.expect(dctest.Password, yes)
		f.setSecret("not-the-secret")
		f.Verifier = f.another() // the note is gone
		f.expect(dctest.Password, refusedAcct)
		if c := f.network.counts(); c.Refusals != 2 {
			t.Errorf("%+v", c)
		}
	})
}

// TestFormerSecret: while a new password is not everywhere yet, the former one is
// tried, too: that in the second line, and that which the file held before.
func TestFormerSecret(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.setSecret("the-next\n" + dctest.Secret + "\n")
	f.Verifier = f.another()
	f.expect(dctest.Password, yes)
	f.expectLog(1, "former password")

	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		f.setSecret("the-next")
		time.Sleep(time.Second)
		for range 2 { // to read the same once more changes nothing
			if err := f.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		f.expect(dctest.Password, yes)
		if c := f.network.counts(); c.Refusals != 1 {
			t.Errorf("%+v", c)
		}
		f.network.dcs[0].Set(func(d *dctest.DC) { d.Secret = ntlmssp.NTOWFv1("the-next") })
		f.network.dcs[0].Restart()
		f.expect(dctest.Password, yes)
	})
}

// TestNoSecret: without a secret there is nothing to try, and nobody is to blame.
func TestNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		f.setSecret("")
		f.Verifier = f.another()
		f.expect(dctest.Password, "undecided "+string(NoSecret))
		if c := f.network.counts(); c.Connections != 0 {
			t.Errorf("%+v", c)
		}
		f.setSecret(dctest.Secret)
		time.Sleep(time.Second)
		f.expect(dctest.Password, yes)
		f.setSecret("")
		time.Sleep(time.Second)
		if f.Reload(t.Context()) == nil {
			t.Error("an empty file is accepted")
		}
		f.expect(dctest.Password, yes)
	})
}

// TestManyProcesses: all that start at once succeed, each with a key of its own.
func TestManyProcesses(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	var all sync.WaitGroup
	const processes = 20
	for range processes {
		v := f.another()
		all.Go(func() {
			for range 3 {
				if _, err := login(within(t, time.Minute), v, "alice", dctest.Password); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if c := f.network.counts(); c.SetUps != processes || c.Connections != 3*processes {
		t.Errorf("%+v\n%s", c, f.log)
	}
}

// TestWithoutLock: where no file can be locked, logons go on, and that is said once.
func TestWithoutLock(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.dir = "/proc/no/such/folder"
	f.Verifier = f.another()
	f.expect(dctest.Password, yes)
	f.network.dcs[0].Restart()
	f.expect(dctest.Password, yes)
	f.expectLog(1, "may disturb one another")
}

// TestBackoffWithoutLock: where no note can be left, this process still asks ever more
// seldom.
func TestBackoffWithoutLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		f.dir = "/proc/no/such/folder"
		f.setSecret("not-the-secret")
		f.Verifier = f.another()
		for start := time.Now(); time.Since(start) < time.Hour; time.Sleep(time.Second) {
			f.expect(dctest.Password, refusedAcct)
		}
		if n := f.network.counts().Refusals; n > 20 {
			t.Errorf("%d refusals in an hour", n)
		}
	})
}

// TestRefusalOr: what this process remembers goes for its own secrets, unless the note
// is newer.
func TestRefusalOr(t *testing.T) {
	s, other := secrets{[]ntlmssp.Key{{1}}}, secrets{[]ntlmssp.Key{{2}}}
	now := time.Unix(1_800_000_000, 0)
	once := refusal{}.again(now, s, nrpc.AccessDenied)
	twice := once.again(now, s, nrpc.AccessDenied)
	foreign := refusal{}.again(now.Add(time.Hour), other, nrpc.AccessDenied)
	for n, c := range []struct{ note, own, want refusal }{
		{refusal{}, refusal{}, refusal{}},
		{refusal{}, once, once},
		{once, refusal{}, once},
		{once, twice, twice},
		{twice, once, twice},
		{foreign, once, once},
		{once, foreign, once},
		{foreign, refusal{}, foreign},
	} {
		if got := c.note.or(c.own, s); got != c.want {
			t.Errorf("%d: %+v", n, got)
		}
	}
}

// FuzzNote checks that a note that is understood is written the same.
func FuzzNote(f *testing.F) {
	f.Add("refused 1 3 1800000000000000000 deadbeef c0000022\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, note string) {
		r := parseRefusal(note)
		if again := parseRefusal(r.String()); again != r {
			t.Fatalf("%+v became %+v", r, again)
		}
	})
}
