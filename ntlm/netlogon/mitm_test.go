package netlogon

import (
	"encoding/binary"
	"net"
	"testing"
	"testing/synctest"

	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/netlogon/rpc"
	"squidauth/ntlm/netlogon/ssp"
)

// newBetween returns a fixture with somebody in between.
func newBetween(t *testing.T) (*fixture, *dctest.Between) {
	b := new(dctest.Between)
	w := newNetwork(1)
	w.wrap = func(_ string, c net.Conn) net.Conn { return b.Wrap(c) }
	return newFixture(t, w), b
}

// TestEveryByteChanged: a wrong password stays wrong or becomes undecided, whatever
// byte of the answer is changed, and a right one lets in nobody else.
func TestEveryByteChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, b := newBetween(t)
		f.expect("wrong", wrong)
		for at := range b.Answers()[0] {
			for _, flip := range []byte{0x01, 0x80, 0xff} {
				b.TamperLogons(func(answer []byte) []byte {
					answer[at] ^= flip
					return answer
				})
				switch got := f.verify("alice", "wrong"); got {
				case wrong, forged, noDC, noAnswer:
				default:
					t.Errorf("byte %d changed by %#x: %s", at, flip, got)
				}
				a, _ := login(t.Context(), f.Verifier, "alice", dctest.Password)
				if a != nil && a.Name != "alice" {
					t.Errorf("byte %d changed by %#x: %+v", at, flip, a)
				}
			}
		}
	})
}

// TestForged has answers that are made up: they are like those of a domain
// controller without any security, and more.
func TestForged(t *testing.T) {
	yes := append([]byte{6, 0, 0, 0, 0, 0, 2, 0}, make([]byte, 400)...)
	const response = 2
	tests := []struct {
		name  string
		forge func(asked, a []byte) []byte
	}{
		{"plain", func(_, a []byte) []byte { return dctest.Unsealed(response, a, yes) }},
		{"signed only", func(_, a []byte) []byte { return dctest.Unsealed(response, a, yes, ssp.AuthType, 5) }},
		{"another security", func(_, a []byte) []byte { return dctest.Unsealed(response, a, yes, 10, 6) }},
		{"a seal of zeros", func(_, a []byte) []byte { return dctest.Unsealed(response, a, yes, ssp.AuthType, 6) }},
		{"another key", func(_, a []byte) []byte {
			forged := dctest.Unsealed(response, a, yes, ssp.AuthType, 6)
			at := len(forged) - ssp.SignatureSize
			copy(forged[at:], ssp.Accept([16]byte{1}).Seal(forged[24:at-8]))
			return forged
		}},
		{"the request", func(asked, _ []byte) []byte { asked[2] = response; return asked }},
		{"another type", func(_, a []byte) []byte { a[2] = 12; return a }},
		{"an unknown type", func(_, a []byte) []byte { return dctest.Unsealed(77, a, yes) }},
		{"nothing in it", func(_, a []byte) []byte { return dctest.Unsealed(response, a, nil) }},
		{"first half sealed, second plain", func(_, a []byte) []byte {
			end := dctest.Unsealed(response, a, yes)
			a[3], end[3] = 1, 2
			return append(a, end...)
		}},
		{"first half plain, second sealed", func(_, a []byte) []byte {
			begin := dctest.Unsealed(response, a, yes)
			begin[3], a[3] = 1, 2
			return append(begin, a...)
		}},
		{"garbage", func(_, a []byte) []byte { return make([]byte, len(a)) }},
	}
	for _, c := range tests {
		f, b := newBetween(t)
		b.TamperLogons(func(answer []byte) []byte { return c.forge(b.Asked(), answer) })
		for _, password := range []string{"wrong", dctest.Password} {
			if got := f.verify("alice", password); got != forged {
				t.Errorf("%s: %s", c.name, got)
			}
		}
		b.Tamper(nil)
		f.expect("wrong", wrong) // all is well afterwards
		if counts := f.network.counts(); counts.BadPassword != 2 {
			t.Errorf("%s: %+v", c.name, counts)
		}
	}
}

// TestTruncated cuts the answer everywhere, with the length that belongs to it and
// with the one that it had.
func TestTruncated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, b := newBetween(t)
		f.expect(dctest.Password, yes)
		for n := range b.Answers()[0] {
			for _, adjust := range []bool{false, true} {
				b.TamperLogons(func(answer []byte) []byte {
					if adjust {
						binary.LittleEndian.PutUint16(answer[8:], uint16(n))
					}
					return answer[:n]
				})
				if got := f.verify("alice", dctest.Password); got != forged && got != noAnswer {
					t.Errorf("%d bytes: %s", n, got)
				}
			}
		}
	})
}

// TestReplayed: an answer is good once, in its place, on its connection.
func TestReplayed(t *testing.T) {
	f, b := newBetween(t)
	f.expect(dctest.Password, yes)
	f.expect(dctest.Password, yes)
	first, second := b.Answers()[0], b.Answers()[1]
	replay := func(old []byte) {
		t.Helper()
		b.TamperLogons(func(answer []byte) []byte { return dctest.Renumbered(old, answer) })
		f.expect("wrong", forged)
		b.Tamper(nil)
	}

	f.expect(dctest.Password, yes)
	replay(first) // on the same channel, later
	f.Verifier = f.another()
	replay(first) // with the same number, on the channel of another process
	f.Verifier = f.another()
	replay(second) // ahead of time
	f.Verifier = f.another()
	f.expect(dctest.Password, yes)
	replay(second)
}

// TestFaults: a fault may be anybody's. It never lets anybody in, and makes a logon
// count twice at most.
func TestFaults(t *testing.T) {
	const notExecuted = 0x20
	for _, c := range []struct {
		status uint32
		flags  byte
		want   string
		logons int
	}{
		{rpc.FaultSecurity, 0, noDC, 2},
		{rpc.FaultAccessDenied, 0, noDC, 2},
		{0x1C010003, notExecuted, noDC, 2},
		{0x1C010003, 0, noDC, 1},
		{0x000006F7, 0, noDC, 1},
		{0x000006BB, 0, saturated, 1},
		{0, 0, noDC, 1},
	} {
		f, b := newBetween(t)
		b.TamperLogons(func(answer []byte) []byte { return dctest.Fault(answer, c.flags, c.status) })
		f.expect("wrong", c.want)
		if n := f.network.counts().BadPassword; n != c.logons {
			t.Errorf("%#x, flags %#x: %d logons", c.status, c.flags, n)
		}
	}
}

// TestFaultOnUsedChannel: a fault in place of a real answer does not make a logon count
// twice on a channel that has answered before.
func TestFaultOnUsedChannel(t *testing.T) {
	const notExecuted = 0x20
	for _, c := range []struct {
		status uint32
		flags  byte
	}{{rpc.FaultSecurity, 0}, {rpc.FaultAccessDenied, 0}, {0x1C010003, notExecuted}} {
		f, b := newBetween(t)
		f.expect(dctest.Password, yes)
		b.TamperLogons(func(answer []byte) []byte { return dctest.Fault(answer, c.flags, c.status) })
		f.expect("wrong", noDC)
		if n := f.network.counts().BadPassword; n != 1 {
			t.Errorf("%#x, flags %#x: %d logons", c.status, c.flags, n)
		}
	}
}

// TestAlmostEcho: who sends back the client's challenge but for a few bytes, and its
// credential likewise, does not pass the set-up.
func TestAlmostEcho(t *testing.T) {
	const challengeAt, flagsAt = 24, 32
	for same := range 8 {
		f, b := newBetween(t)
		b.Tamper(func(answer []byte) []byte {
			asked := b.Asked()
			if answer[2] == 2 && len(answer) == 24+8+4 { // ReqChallenge
				copy(answer[challengeAt:], asked[len(asked)-8:])
				answer[challengeAt+same] ^= 1
			}
			if answer[2] == 2 && len(answer) == 24+8+4+4+4 { // Authenticate3
				copy(answer[challengeAt:], make([]byte, 20))
				copy(answer[challengeAt:], asked[len(asked)-12:len(asked)-4])
				answer[challengeAt+same] ^= 1
				binary.LittleEndian.PutUint32(answer[flagsAt:], uint32(nrpc.Proposed))
			}
			return answer
		})
		f.expect(dctest.Password, forged)
		f.expectLog(0, "secure channel set up")
		if n := f.network.counts().Logons; n != 0 {
			t.Errorf("%d bytes the same: %d logons", same, n)
		}
	}
}

// TestSetUpForged: set-ups by somebody who does not know the machine account's password
// and sends what he gets, or nothing, end before a logon is sent.
func TestSetUpForged(t *testing.T) {
	const challengeAt, flagsAt = 24, 32
	reqChallenge := func(answer []byte) bool { return answer[2] == 2 && len(answer) == 24+8+4 }
	authenticate := func(answer []byte) bool { return answer[2] == 2 && len(answer) == 24+8+4+4+4 }
	succeed := func(answer, credential []byte) {
		copy(answer[challengeAt:], make([]byte, 20))
		copy(answer[challengeAt:], credential)
		binary.LittleEndian.PutUint32(answer[flagsAt:], uint32(nrpc.Proposed))
	}
	for _, c := range []struct {
		name   string
		tamper func(answer, asked []byte)
	}{
		{"a weak challenge", func(answer, _ []byte) {
			if reqChallenge(answer) {
				copy(answer[challengeAt:], make([]byte, 8))
			}
		}},
		{"another challenge, and success", func(answer, _ []byte) {
			if reqChallenge(answer) {
				answer[challengeAt] ^= 1
			}
			if authenticate(answer) {
				succeed(answer, nil)
			}
		}},
		{"all sent back", func(answer, asked []byte) {
			if reqChallenge(answer) {
				copy(answer[challengeAt:], asked[len(asked)-8:])
			}
			if authenticate(answer) {
				succeed(answer, asked[len(asked)-12:len(asked)-4])
			}
		}},
		{"another credential", func(answer, _ []byte) {
			if authenticate(answer) {
				answer[challengeAt] ^= 1
			}
		}},
	} {
		f, b := newBetween(t)
		b.Tamper(func(answer []byte) []byte {
			c.tamper(answer, b.Asked())
			return answer
		})
		for _, password := range []string{"wrong", dctest.Password} {
			if got := f.verify("alice", password); got != forged {
				t.Errorf("%s: %s", c.name, got)
			}
		}
		b.Tamper(nil)
		f.expect(dctest.Password, yes)
	}
}
