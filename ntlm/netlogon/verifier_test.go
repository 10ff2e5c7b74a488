package netlogon

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/helper/identity"
	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/ntlmssp"
)

func TestAccount(t *testing.T) {
	w := newNetwork(1)
	w.dcs[0].Users["jürgen"] = dctest.User{Password: "Grüße", ID: 1104, Groups: []uint32{1200, 513, 1200}, ExtraSIDs: []string{"S-1-18-1", "S-1-5-21-1-2-3-1200"}}
	w.dcs[0].Users["lone"] = dctest.User{Password: "w", ID: 1105}
	f := newFixture(t, w)
	a, _ := login(t.Context(), f.Verifier, "jürgen", "Grüße")
	if a == nil {
		t.Fatal(f.log)
	}
	want := identity.Account{Name: "jürgen", Realm: "EXAMPLE.TEST", Domain: "EXAMPLE", UPN: "jürgen@example.test"}
	if a.Account.Account != want {
		t.Errorf("%+v", a.Account.Account)
	}
	if got := fmt.Sprint(a.Groups); got != "[S-1-5-21-1-2-3-1104 S-1-5-21-1-2-3-1200 S-1-5-21-1-2-3-513 S-1-18-1]" {
		t.Error(got)
	}
	a, _ = login(t.Context(), f.Verifier, "lone", "w")
	if got := fmt.Sprint(a.Groups); got != "[S-1-5-21-1-2-3-1105 S-1-5-21-1-2-3-513]" {
		t.Error(got)
	}
}

// TestSessionKey: the key is the one that the client has.
func TestSessionKey(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	l := dctest.Logon("EXAMPLE", "alice", dctest.Password)
	key := ntlmssp.NTOWFv1(dctest.Password).NTOWFv2("alice", "EXAMPLE").SessionBaseKeyV2(ntlmssp.Key(l.NTResponse))
	want := ntlm.Account{
		Account:        identity.Account{Name: "alice", Realm: "EXAMPLE.TEST", Domain: "EXAMPLE", UPN: "alice@example.test"},
		Own:            mustSIDs(t, "S-1-5-21-1-2-3-1103")[0],
		Groups:         mustSIDs(t, "S-1-5-21-1-2-3-1103", "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1200"),
		SessionBaseKey: key,
	}
	if got := f.Verify(t.Context(), l); !reflect.DeepEqual(got, ntlm.Yes(&want)) {
		t.Errorf("%+v", got)
	}
}

func mustSIDs(t *testing.T, list ...string) (sids []identity.SID) {
	t.Helper()
	for _, s := range list {
		sid, err := identity.ParseSID(s)
		if err != nil {
			t.Fatal(err)
		}
		sids = append(sids, sid)
	}
	return sids
}

// TestStatuses has every status that means something, and one that means nothing.
func TestStatuses(t *testing.T) {
	tests := []struct {
		status nrpc.Status
		want   string
	}{
		{nrpc.WrongPassword, "no wrong-password"},
		{nrpc.LogonFailure, "no wrong-password"},
		{nrpc.NoSuchUser, "no no-such-user"},
		{nrpc.NoSuchDomain, "no no-such-user"},
		{nrpc.AccountDisabled, "no account-disabled"},
		{nrpc.AccountLockedOut, "no account-locked-out"},
		{nrpc.AccountExpired, "no account-expired"},
		{nrpc.PasswordExpired, "no password-expired"},
		{nrpc.PasswordMustChange, "no password-must-change"},
		{nrpc.InvalidLogonHours, "no logon-hours"},
		{nrpc.InvalidWorkstation, "no workstation-not-allowed"},
		{nrpc.AccountRestriction, "no logon-refused"},
		{nrpc.LogonTypeNotGranted, "no logon-refused"},
		{nrpc.NologonInterdomainTrust, "no logon-refused"},
		{nrpc.NologonWorkstationTrust, "no logon-refused"},
		{nrpc.NologonServerTrust, "no logon-refused"},
		{nrpc.AuthenticationFirewall, "no logon-refused"},
		{nrpc.NTLMBlocked, "no logon-refused"},
		{nrpc.TimeDifferenceAtDC, "undecided clock-of-the-server"},
		{nrpc.IOTimeout, saturated},
		{nrpc.InsufficientResources, saturated},
		{nrpc.ServerTooBusy, saturated},
		{nrpc.NoLogonServers, usersDomain},
		{nrpc.ServerUnavailable, usersDomain},
		{nrpc.DomainControllerNotFound, usersDomain},
		{nrpc.TrustedDomainFailure, usersDomain},
		{nrpc.TrustedRelationshipFailure, usersDomain},
		{nrpc.AccessDenied, noDC},
		{nrpc.NetlogonNotStarted, noDC},
		{nrpc.InvalidServerState, noDC},
		{0xC0000001, noDC},
		{0x00000107, noDC}, // of success, but not success
		{1, noDC},
	}
	known := map[nrpc.Status]bool{}
	for _, c := range tests {
		w := newNetwork(1)
		w.dcs[0].LogonStatus = c.status
		f := newFixture(t, w)
		_, err := login(t.Context(), f.Verifier, "alice", dctest.Password)
		if got := outcome(err); got != c.want || !strings.Contains(err.Error(), c.status.Error()) {
			t.Errorf("%v: got %s (%v), want %s", c.status, got, err, c.want)
		}
		known[c.status] = true
	}
	for _, s := range slices.Sorted(maps.Keys(denials)) {
		if !known[s] {
			t.Errorf("%v is not tested", s)
		}
	}
}

func TestGuest(t *testing.T) {
	w := newNetwork(1)
	w.dcs[0].Users["visitor"] = dctest.User{Password: "v", ID: 1105, Flags: 1}
	if got := newFixture(t, w).verify("visitor", "v"); got != "no guest" {
		t.Error(got)
	}
}

// TestTooLong: a logon that no client makes is the client's fault, and the channel
// is good for others.
func TestTooLong(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.expect(dctest.Password, yes)
	if got := f.verify(strings.Repeat("x", 1000), "p"); got != "no logon-refused" {
		t.Error(got)
	}
	f.expect(dctest.Password, yes)
	if c := f.network.counts(); c.SetUps != 1 || c.Logons != 2 {
		t.Errorf("%+v", c)
	}
}

// TestChannelIsKept: one set-up serves many logons, also those that fail.
func TestChannelIsKept(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	for range 5 {
		f.expect(dctest.Password, yes)
		f.expect("wrong", wrong)
	}
	if c := f.network.counts(); c.SetUps != 1 || c.Connections != 3 || c.Logons != 10 || c.BadPassword != 5 {
		t.Errorf("%+v", c)
	}
}

// TestOldChannel: after an hour it is replaced.
func TestOldChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		f.expect(dctest.Password, yes)
		time.Sleep(maxAge - time.Second)
		f.expect(dctest.Password, yes)
		time.Sleep(time.Second)
		f.expect(dctest.Password, yes)
		if c := f.network.counts(); c.SetUps != 2 {
			t.Errorf("%+v", c)
		}
	})
}

// TestRestart: channels that the domain controller closed are replaced, without a
// logon being lost or counted twice.
func TestRestart(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.expect(dctest.Password, yes)
	f.network.dcs[0].Restart()
	f.expect("wrong", wrong)
	if c := f.network.counts(); c.SetUps != 2 || c.Logons != 2 || c.BadPassword != 1 {
		t.Errorf("%+v", c)
	}
}

// flaky is a connection on which writing fails when it is told to.
type flaky struct {
	net.Conn
	fail *atomic.Int32 // so many times more
}

func (c flaky) Write(b []byte) (int, error) {
	if c.fail.Add(-1) >= 0 {
		return 3, io.ErrShortWrite
	}
	return c.Conn.Write(b)
}

// TestNotSent: a request that did not get out whole is made again, once, and counts
// once.
func TestNotSent(t *testing.T) {
	var fail atomic.Int32
	w := newNetwork(1)
	w.wrap = func(_ string, c net.Conn) net.Conn { return flaky{c, &fail} }
	f := newFixture(t, w)
	f.expect(dctest.Password, yes)
	fail.Store(1)
	f.expect("wrong", wrong)
	f.expectLog(0, "cannot be used")
	fail.Store(3) // the others are of the channel that is to replace the first
	f.expect("wrong", noDC)
	fail.Store(0)
	f.expect("wrong", wrong)
	if c := w.counts(); c.BadPassword != 2 {
		t.Errorf("%+v", c)
	}
}

// TestMovedService: the endpoint mapper is asked again when the port is no longer the
// right one.
func TestMovedService(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.expect(dctest.Password, yes)
	f.directory.all()[0].learnPort(1)
	f.builder.config.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
		if strings.HasSuffix(address, ":1") {
			return nil, io.ErrClosedPipe
		}
		return f.network.Dial(ctx, kind, address)
	}
	f.network.dcs[0].Restart()
	f.expect(dctest.Password, yes)
}

// TestLostPacket: a connection that hangs is tried again before long, and not for
// ever.
func TestLostPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		lost := 0
		f.builder.config.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
			if lost > 0 {
				lost--
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return f.network.Dial(ctx, kind, address)
		}
		for _, c := range []struct {
			lost int
			want string
			took time.Duration
		}{{1, yes, firstTry}, {2, yes, 3 * firstTry}, {100, noDC, 2 * connectTime}} {
			f.network.dcs[0].Restart()
			lost = c.lost
			start := time.Now()
			f.expect(dctest.Password, c.want)
			if took := time.Since(start); took != c.took {
				t.Errorf("%d lost: %v", c.lost, took)
			}
		}
	})
}

// TestSlowSetUp: a controller that takes too long loses against the next, and is
// asked after it for a while.
func TestSlowSetUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(2)
		f := newFixture(t, w)
		f.builder.config.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "dc1:") {
				select {
				case <-time.After(headStart/3 + time.Millisecond): // for each of three connections
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			return w.Dial(ctx, kind, address)
		}
		start := time.Now()
		f.expect(dctest.Password, yes)
		synctest.Wait()
		f.expect(dctest.Password, yes)
		if took := time.Since(start); took != headStart {
			t.Errorf("it took %v", took)
		}
		time.Sleep(time.Second)
		if a, b := w.dcs[0].Counts(), w.dcs[1].Counts(); a.Logons != 0 || b.Logons != 2 {
			t.Errorf("%+v, %+v", a, b)
		}
		for n, c := range f.directory.all() {
			if len(c.calls) != 0 {
				t.Errorf("dc%d: %d channels are in use", n+1, len(c.calls))
			}
		}
		f.expectLog(1, "domain controller dc1 does not answer in time")
	})
}

// TestLate: a channel that is ready when another one has won is kept.
func TestLate(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	ch, fault := f.channel(t.Context())
	if fault != nil {
		t.Fatal(fault)
	}
	results := make(chan opened, 2)
	results <- opened{fault: unreachable("dc1", io.EOF)}
	results <- opened{channel: ch}
	keepLate(results, 2)
	if c := ch.controller; len(c.calls) != 0 || len(c.idle) != 1 {
		t.Errorf("%d in use, %d idle", len(c.calls), len(c.idle))
	}
}

// TestForgottenKey: a channel that the domain controller says it knows nothing of is
// set up anew, once.
func TestForgottenKey(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.expect(dctest.Password, yes)
	ch := f.directory.all()[0].idle[0]
	ch.conn.Close()
	f.expect("wrong", wrong)
	if c := f.network.counts(); c.BadPassword != 1 || c.SetUps != 2 {
		t.Errorf("%+v", c)
	}
}

// TestFailover: the next domain controller helps out, and the first gets its work
// back.
func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(2)
		f := newFixture(t, w)
		f.expect(dctest.Password, yes)
		w.dcs[0].Set(func(d *dctest.DC) { d.Down = true })
		w.dcs[0].Restart()
		for range 3 {
			f.expect(dctest.Password, yes)
		}
		f.expectLog(1, "domain controller cannot be used")
		if a, b := w.dcs[0].Counts().Logons, w.dcs[1].Counts().Logons; a != 1 || b != 3 {
			t.Errorf("%d and %d logons", a, b)
		}
		w.dcs[0].Set(func(d *dctest.DC) { d.Down = false })
		time.Sleep(firstAvoidance)
		f.expect(dctest.Password, yes)
		if a := w.dcs[0].Counts().Logons; a != 2 {
			t.Errorf("%d logons at the first", a)
		}
		f.expectLog(1, "domain controller can be used again")
		f.expectEnds(map[string]int{"dc1 answered": 2, "dc1 failed": 1, "dc2 answered": 3})
	})
}

// TestNotReady: a domain controller that says so is passed over, within the request.
func TestNotReady(t *testing.T) {
	w := newNetwork(2)
	w.dcs[0].LogonStatus = nrpc.AccessDenied
	f := newFixture(t, w)
	f.expect("wrong", wrong)
	if a, b := w.dcs[0].Counts(), w.dcs[1].Counts(); a.Logons != 1 || b.BadPassword != 1 {
		t.Errorf("%+v, %+v", a, b)
	}
}

// TestAllDown: the verdict comes at once, and says why.
func TestAllDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(3)
		for _, dc := range w.dcs {
			dc.Down = true
		}
		f := newFixture(t, w)
		start := time.Now()
		f.expect(dctest.Password, noDC)
		f.expect(dctest.Password, noDC)
		if time.Since(start) != 0 {
			t.Errorf("after %v", time.Since(start))
		}
		f.expectLog(3, "domain controller cannot be used")
	})
}

// TestHangingConnect: a domain controller to which connections hang costs the next
// one's head start, once.
func TestHangingConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(2)
		f := newFixture(t, w)
		dial := f.config.Dial

		f.builder.config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "dc1:") {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return dial(ctx, network, address)
		}
		start := time.Now()
		f.expect(dctest.Password, yes)
		if took := time.Since(start); took != headStart {
			t.Errorf("the first took %v", took)
		}
		synctest.Wait()
		start = time.Now()
		f.expect(dctest.Password, yes)
		if took := time.Since(start); took != 0 {
			t.Errorf("the second took %v", took)
		}
	})
}

// TestStalled: a domain controller that accepts logons and does not answer them
// loses those that were given to it, and none that come when it is full, or has been
// slow for a second.
func TestStalled(t *testing.T) {
	for _, c := range []struct {
		lost int
		wait time.Duration
	}{{3, 0}, {2, slow + 1}} {
		synctest.Test(t, func(t *testing.T) {
			w := newNetwork(2)
			w.dcs[0].Stall = true
			f := newFixture(t, w)
			lost := make(chan string)
			for range c.lost {
				go func() {
					_, err := login(within(t, 10*time.Second), f.Verifier, "alice", dctest.Password)
					lost <- outcome(err)
				}()
			}
			time.Sleep(100 * time.Millisecond) // for their set-ups
			time.Sleep(c.wait)
			start := time.Now()
			f.expect(dctest.Password, yes)
			if took := time.Since(start); took > 10*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			for range c.lost {
				if got := <-lost; got != noAnswer {
					t.Errorf("lost: %s", got)
				}
			}
			if c := w.dcs[1].Counts(); c.Logons != 1 {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestUnanswered: a logon that a domain controller took and did not answer is told from
// one that none was asked about.
func TestUnanswered(t *testing.T) {
	for _, edit := range []func(*dctest.DC){func(d *dctest.DC) { d.Stall = true }, func(d *dctest.DC) { d.Down = true }} {
		synctest.Test(t, func(t *testing.T) {
			w := newNetwork(1)
			edit(w.dcs[0])
			v := newFixture(t, w).Verifier.Verify(within(t, 10*time.Second), dctest.Logon("EXAMPLE", "alice", dctest.Password))
			if v.Account() != nil || v.IsNo() || v.IsUnanswered() != w.dcs[0].Stall {
				t.Errorf("got %s, on its way: %v", v.Reason(), v.IsUnanswered())
			}
		})
	}
}

// TestHangsAtLogons: a domain controller that sets channels up and hangs at logons is
// left alone for ever longer, and comes back with its first answer.
func TestHangsAtLogons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(2)
		w.dcs[0].Stall = true
		f := newFixture(t, w)
		lost := 0
		for start := time.Now(); time.Since(start) < 5*time.Minute; time.Sleep(500 * time.Millisecond) {
			if _, err := login(within(t, 10*time.Second), f.Verifier, "alice", dctest.Password); err != nil {
				lost++
			}
		}
		if lost != 8 { // one, and those after pauses of 2, 4, 8, 16, 32 and twice 60 seconds
			t.Errorf("%d logons are lost", lost)
		}
		f.expectLog(0, "can be used again")
		w.dcs[0].Set(func(d *dctest.DC) { d.Stall = false })
		time.Sleep(lastAvoidance)
		f.expect(dctest.Password, yes)
		f.expect(dctest.Password, yes)
		f.expectLog(1, "can be used again")
		if c := w.dcs[0].Counts(); c.Logons != 2 {
			t.Errorf("%+v", c)
		}
	})
}

// TestLoserIsNotBlamed: who has just been asked when another one wins has not failed.
func TestLoserIsNotBlamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(2)
		f := newFixture(t, w)
		var other atomic.Int32 // so often the other one was dialed
		f.builder.config.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
			took := headStart / 3
			if strings.HasPrefix(address, "dc1:") {
				took += time.Millisecond // three connections take longer than the head start
			} else {
				other.Add(1)
			}
			select {
			case <-time.After(took):
				return w.Dial(ctx, kind, address)
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		f.expect(dctest.Password, yes)
		synctest.Wait()
		f.expectLog(0, "cannot be used")
		if a, b := w.dcs[0].Counts(), w.dcs[1].Counts(); a.Logons != 1 || b.Logons != 0 || other.Load() != 1 {
			t.Errorf("%+v, %+v, dialed %d times", a, b, other.Load())
		}
		for _, c := range f.directory.all() {
			if c.failures != 0 {
				t.Errorf("%s has failed", c.host)
			}
		}
	})
}

// TestPanic: no answer ends the program, or keeps a place at the domain controller.
func TestPanic(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.builder.config.Dial = func(context.Context, string, string) (net.Conn, error) { panic("what the answer says") }
	for range 2 * f.config.MaxCalls {
		f.expect(dctest.Password, noDC)
	}
	f.expectLog(0, "what the answer says")
	f.expect(dctest.Password, noDC)
	f.expectLog(1, "a bug of this program")
	f.builder.config.Dial = f.network.Dial
	f.expect(dctest.Password, yes)
}

// panicking is a DNS with a record that is a bug.
type panicking struct{}

func (panicking) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	panic("what the answer says")
}

// TestPanicInSearch: nor does what the DNS says.
func TestPanicInSearch(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.config.Controllers, f.config.Realm, f.config.Resolver = nil, "example.test", panicking{}
	d := newDirectory(&f.config)
	if _, err := d.ranked(t.Context()); err != errBug {
		t.Error(err)
	}
	f.expectLog(1, "a bug of this program")
}

// TestSaturated: who finds no room in time is told so.
func TestSaturated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(1)
		w.dcs[0].Stall = true
		f := newFixture(t, w)
		for range 3 {
			go login(within(t, 20*time.Second), f.Verifier, "alice", dctest.Password)
		}
		time.Sleep(time.Millisecond)
		start := time.Now()
		_, err := login(within(t, 5*time.Second), f.Verifier, "alice", dctest.Password)
		if got := outcome(err); got != saturated || time.Since(start) != 5*time.Second {
			t.Errorf("%s after %v", got, time.Since(start))
		}
		time.Sleep(time.Minute)
	})
}

// TestRecovered: a controller that failed and answers again on another channel is in
// order.
func TestRecovered(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	a, _ := f.channel(t.Context())
	b, _ := f.channel(t.Context())
	a.controller.put(a)
	b.controller.put(b)
	f.failed(a.controller, unreachable("dc1", io.EOF))
	f.expectLog(1, "cannot be used")
	f.expect(dctest.Password, yes)
	f.expectLog(1, "can be used again")
}

// TestNoDeadline: a context without a deadline is not waited for either.
func TestNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(1)
		w.dcs[0].Stall = true
		f := newFixture(t, w)
		start := time.Now()
		f.expect(dctest.Password, noAnswer)
		if took := time.Since(start); took != maxTime {
			t.Errorf("%v", took)
		}
	})
}

// TestCanceled: when the caller loses interest, nobody is blamed.
func TestCanceled(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := login(ctx, f.Verifier, "alice", dctest.Password); !strings.HasPrefix(outcome(err), "undecided") {
		t.Error(err)
	}
	f.expectLog(0, "cannot be used")
	f.expect(dctest.Password, yes)

	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, newNetwork(1))
		f.builder.config.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := login(ctx, f.Verifier, "alice", dctest.Password); outcome(err) != noDC {
			t.Error(err)
		}
		f.expectLog(0, "cannot be used")
	})
}

// TestConcurrent: calls at the same time have connections and keys of their own.
func TestConcurrent(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	results := make(chan string)
	const calls = 50
	for n := range calls {
		password, want := dctest.Password, yes
		if n%2 == 0 {
			password, want = "wrong", wrong
		}
		go func() {
			if got := f.verify("alice", password); got != want {
				results <- got + ", want " + want
			}
			results <- ""
		}()
	}
	for range calls {
		if r := <-results; r != "" {
			t.Error(r)
		}
	}
	if c := f.network.counts(); c.SetUps > 3 || c.Logons != calls || c.Connections != 2*c.SetUps+1 && c.Connections > 3*c.SetUps {
		t.Errorf("%+v\n%s", c, f.log)
	}
}

func TestReady(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	f.network.dcs[0].Down = true
	if err := f.Ready(t.Context()); err == nil {
		t.Error("ready")
	}
	f.network.dcs[0].Set(func(d *dctest.DC) { d.Down = false })
	for range 3 {
		if err := f.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	f.expect(dctest.Password, yes)
	if c := f.network.counts(); c.SetUps != 1 || c.Logons != 1 {
		t.Errorf("%+v", c)
	}
}

// TestClose closes channels in use after use.
func TestClose(t *testing.T) {
	f := newFixture(t, newNetwork(1))
	ch, fault := f.channel(t.Context())
	if fault != nil {
		t.Fatal(fault)
	}
	f.expect(dctest.Password, yes)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if !ch.conn.Alive() {
		t.Error("closed in use")
	}
	ch.controller.put(ch)
	if ch.conn.Alive() || len(ch.controller.idle) > 0 {
		t.Error("kept")
	}
}

var _ ntlm.Verifier = (*fixture)(nil)
