package ntlm_test

import (
	"errors"
	"testing"

	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
	"squidauth/protocol"
)

// FuzzServer: no tokens make a handshake panic, and each step has a token, a client
// or an error. The random numbers are always the same, so that the seeds log in: who
// is let in is the user who made the second token, and nobody else.
func FuzzServer(f *testing.F) {
	seedServer(f)
	a := newAcceptor(f)
	a.PermitNTLMv1, a.PermitLMv2 = true, true
	f.Fuzz(func(t *testing.T, first, second []byte) {
		play(t, a, first, second)
	})
}

// seedServer adds alice's logins in all forms.
func seedServer(f *testing.F) {
	f.Helper()
	for _, form := range []ntlmssp.Form{ntlmssp.NTLMv2, ntlmssp.NTLM2Session, ntlmssp.NTLMv1, ntlmssp.LMOnly} {
		for _, flags := range []ntlmssp.Flags{ntlmtest.DefaultFlags, ntlmtest.DefaultFlags | ntlmssp.NegotiateKeyExch, ntlmssp.NegotiateOEM} {
			a := newAcceptor(f)
			a.PermitNTLMv1, a.PermitLMv2 = true, true
			client := alice()
			client.Form, client.Flags = form, flags
			s, negotiate := ntlm.NewServer(a), client.Negotiate()
			token := answer(f, client, negotiate, begin(f, s, negotiate))
			f.Add(negotiate, token)
			step, err := s.Next(f.Context(), token)
			if v1 := form == ntlmssp.NTLM2Session && flags == ntlmssp.NegotiateOEM; (err != nil || step.Client == nil) != v1 {
				f.Fatalf("a seed is refused: %v, %x: %v", form, flags, err)
			}
		}
	}
}

func play(t *testing.T, a *ntlm.Acceptor, tokens ...[]byte) {
	t.Helper()
	own := *a
	own.Rand = &counter{}
	s := ntlm.NewServer(&own)
	for i, token := range tokens {
		step, err := s.Next(t.Context(), token)
		var e *ntlm.Error
		switch {
		case err != nil && (!errors.As(err, &e) || step.Token != nil || step.Client != nil):
			t.Errorf("%T %v: %+v", err, err, step)
		case err != nil:
			return
		case i == 0 && (step.Client != nil || len(step.Token) == 0):
			t.Errorf("after the first token: %+v", step)
		case i == 1 && (step.Client == nil || step.Client.Name != "alice" || len(step.Token) != 0):
			t.Errorf("after the second token: %+v", step)
		}
	}
}

// FuzzHandler: each line has one answer, which Squid can read, and nobody logs in
// with lines that were made up.
func FuzzHandler(f *testing.F) {
	f.Add([]byte("YR "), []byte("KK TlRMTVNTUAADAAAA"), 0)
	f.Add([]byte("YR TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAGAbEdAAAADw== -"), []byte("KK"), 1)
	f.Add([]byte("KK"), []byte("YR"), 2)
	a := newAcceptor(f)
	f.Fuzz(func(t *testing.T, first, second []byte, extras int) {
		h := &ntlm.Handler{Acceptor: a, Backend: "hashes", Log: quiet(), KeyExtras: extras & 3, BindExtras: extras&4 != 0}
		for _, line := range [][]byte{first, second} {
			r := h.Handle(t.Context(), line)
			if r.Outcome() == protocol.Accepted {
				t.Errorf("%q: accepted as %s", line, r.Detail().User)
			}
			parsed(t, r, protocol.Modern)
			parsed(t, r, protocol.Legacy)
		}
	})
}
