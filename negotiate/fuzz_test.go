package negotiate_test

import (
	"errors"
	"runtime"
	"testing"

	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/negotiate/rcache"
	"squidauth/negotiate/spnego"
)

// budget bounds what tokens of n bytes together may allocate, as in package
// kerberos.
func budget(n int) uint64 { return uint64(256<<10 + 128*n) }

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzHandshake: no tokens make a handshake panic or allocate without measure. Who
// is let in is the client whose ticket it was; who sends no second token is let
// in only if the first was enough.
func FuzzHandshake(f *testing.F) {
	seedHandshake(f)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		a := newAcceptor(t) // a remembered ticket would make the coverage change from run to run
		a.Replay = rcache.None{}
		most, used := budget(len(first)+len(second)), uint64(0)
		for range 3 {
			if used = allocated(func() { play(t, a, first, second) }); used <= most {
				return
			}
		}
		t.Errorf("%d bytes allocated for %d", used, len(first)+len(second))
	})
}

func seedHandshake(f *testing.F) {
	f.Helper()
	a := newAcceptor(f)
	for _, enctype := range krbtest.Enctypes() {
		l := login(enctype)
		l.Ticket.AuthData = krbtest.WithPAC(pactest.Build(specOf(l.Ticket, 2)))
		answer := spnego.Resp{ResponseToken: l.Token(spnego.KRB5)}.Append(nil)
		f.Add(l.Token(spnego.KRB5), []byte{})
		f.Add(l.Init(spnego.KRB5, spnego.NTLM), []byte{})
		f.Add(initOf(ntlmToken, nil, spnego.NTLM, spnego.KRB5), answer)
		f.Add(initOf(nil, nil, spnego.KRB5), answer)
		if enctype != krbtest.RC4 {
			list := []spnego.OID{spnego.NegoEx, spnego.MSKRB5}
			first, second := l.Init(list...), spnego.Resp{MechListMIC: l.MIC(listOf(list...))}.Append(nil)
			f.Add(first, second)
			h := negotiate.NewHandshake(a)
			for _, token := range [][]byte{first, second} {
				if _, err := h.Next(f.Context(), token); err != nil {
					f.Fatalf("a seed is refused: %v", err)
				}
			}
		}
	}
}

// play is a handshake of up to two tokens.
func play(t *testing.T, a *kerberos.Acceptor, tokens ...[]byte) {
	t.Helper()
	h := negotiate.NewHandshake(a)
	for i, token := range tokens {
		step, err := h.Next(t.Context(), token)
		var own *negotiate.Error
		var krb *kerberos.Error
		switch {
		case err != nil && !errors.As(err, &own) && !errors.As(err, &krb):
			t.Errorf("%T: %v", err, err)
		case err != nil && (step.Token != nil || step.Context != nil):
			t.Errorf("with error %v: %+v", err, step)
		case err != nil:
			return
		case step.Context != nil:
			if c := step.Context; c.Client != krbtest.Client || c.Realm != krbtest.Realm {
				t.Errorf("leg %d: accepted as %s@%s", i, c.Client, c.Realm)
			}
			return
		case len(step.Token) == 0:
			t.Error("a challenge without a token, which Squid cannot send")
		}
	}
}
