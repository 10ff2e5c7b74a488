package negotiate_test

import (
	"bytes"
	"context"
	"testing"

	"squidauth/negotiate"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// oracle is a mechanism that answers whatever the last byte of a token says, and
// holds each line against what may reach it.
type oracle struct {
	t    *testing.T
	user string
	log  *[]*oracle // who was asked on a line
	last protocol.Reply
	goes bool // its last answer was a challenge
}

func (o *oracle) Handle(_ context.Context, line []byte) protocol.Reply {
	q, err := protocol.ParseHandshake(line, 0)
	switch {
	case err != nil || len(q.Token) == 0:
		o.t.Fatalf("%s was asked %q: %v", o.user, line, err)
	case q.Verb == protocol.KK && !o.goes:
		o.t.Fatalf("%s was asked %q, and had not begun", o.user, line)
	}
	*o.log = append(*o.log, o)
	switch q.Token[len(q.Token)-1] % 4 {
	case 0:
		o.last = protocol.Accept(protocol.Identity{User: o.user}, q.Token)
	case 1:
		o.last = protocol.Challenge(q.Token)
	case 2:
		o.last = protocol.Deny("no")
	default:
		o.last = protocol.Broken("down")
	}
	o.goes = o.last.Outcome() == protocol.Continue
	return o.last
}

// FuzzWrapper: for any lines, each asks one mechanism at most and has one answer that
// Squid can read; who is let in was let in by the mechanism that was asked on this
// very line; and a handshake that one began is not ended by the other.
func FuzzWrapper(f *testing.F) {
	for _, legs := range handshakes() {
		var lines []byte
		for _, l := range legs {
			lines = append(append(lines, l.line...), '\n')
		}
		f.Add(lines)
	}
	f.Fuzz(func(t *testing.T, lines []byte) {
		var asked []*oracle
		kerberos, ntlm := &oracle{t: t, user: krbUser, log: &asked}, &oracle{t: t, user: ntlmUser, log: &asked}
		w := &negotiate.Wrapper{Kerberos: kerberos, NTLM: ntlm, Log: quiet()}
		var pinned *oracle
		for line := range bytes.SplitSeq(lines, []byte("\n")) {
			asked = nil
			r := tell(t, w, string(line))
			kk := bytes.HasPrefix(line, []byte("KK"))
			switch {
			case len(asked) > 1:
				t.Fatalf("%q: both were asked, or one twice", line)
			case r.Outcome() == protocol.Accepted && (len(asked) == 0 || asked[0].last.Outcome() != protocol.Accepted || r.Detail().User != asked[0].user):
				t.Fatalf("%q: %s was let in by nobody", line, r.Detail().User)
			case len(asked) == 1 && kk && asked[0] != pinned:
				t.Fatalf("%q went to %s", line, asked[0].user)
			case len(asked) == 1 && asked[0].last.Outcome() != r.Outcome():
				t.Fatalf("%q: %v became %v", line, asked[0].last.Outcome(), r.Outcome())
			}
			mustSuit(t, line, asked, ntlm)
			pinned = nextPin(r, asked, ntlm)
		}
	})
}

// mustSuit wants Kerberos, where it is offered, to be asked, and NTLM to be asked for
// NTLM only.
func mustSuit(t *testing.T, line []byte, asked []*oracle, ntlm *oracle) {
	t.Helper()
	q, err := protocol.ParseHandshake(line, 0)
	if err != nil || q.Verb != protocol.YR || len(asked) == 0 {
		return
	}
	init, initErr := spnego.ParseInit(q.Token)
	offersNTLM := spnego.Classify(q.Token) == spnego.NTLMSSP
	for _, m := range init.MechTypes {
		offersNTLM = offersNTLM || m == spnego.NTLM
	}
	if asked[0] == ntlm && !offersNTLM || asked[0] == ntlm && initErr == nil && offersKerberos(string(line)) {
		t.Fatalf("%q went to NTLM", line)
	}
}

// nextPin returns who must answer a KK after this answer.
func nextPin(r protocol.Reply, asked []*oracle, ntlm *oracle) *oracle {
	switch {
	case r.Outcome() != protocol.Continue:
		return nil
	case len(asked) == 0: // the wrapper itself asked the client for NTLM
		return ntlm
	}
	return asked[0]
}
