package negotiate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/rcache"
	"squidauth/negotiate/spnego"
)

// newAcceptor returns one with a service key of each type, at krbtest.Now.
func newAcceptor(tb testing.TB) *kerberos.Acceptor {
	tb.Helper()
	ring, err := kerberos.ParseKeytab(krbtest.ServiceKeytab(krbtest.Enctypes()...))
	if err != nil {
		tb.Fatal(err)
	}
	cache, err := rcache.NewMemory(2*kerberos.DefaultSkew, 1<<20)
	if err != nil {
		tb.Fatal(err)
	}
	return &kerberos.Acceptor{
		Keys:      func(context.Context) (*kerberos.Keyring, error) { return ring, nil },
		PermitRC4: true,
		Replay:    cache,
		Now:       func() time.Time { return krbtest.Now },
		Rand:      zeros{},
	}
}

// zeros are the random numbers: the acceptor's sequence numbers begin at 0.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// login returns a login that asks for mutual authentication.
func login(enctype int32) krbtest.Login {
	l := krbtest.NewLogin(enctype)
	l.Auth.Cksum = krbtest.GSSChecksum(krbtest.GSSMutual)
	return l
}

// reason returns the code of an error, which must be of one of the two types.
func reason(t *testing.T, err error) string {
	t.Helper()
	var own *negotiate.Error
	var krb *kerberos.Error
	switch {
	case errors.As(err, &own):
		return string(own.Reason)
	case errors.As(err, &krb):
		return string(krb.Reason)
	}
	t.Errorf("%T: %v", err, err)
	return ""
}

// initOf is a NegTokenInit with any token in it.
func initOf(token, mic []byte, mechs ...spnego.OID) []byte {
	return spnego.Init{MechTypes: mechs, MechToken: token, MechListMIC: mic}.Append(nil)
}

// listOf is what a MIC for these mechanisms is a MIC of.
func listOf(mechs ...spnego.OID) []byte { return spnego.Init{MechTypes: mechs}.MechTypeList() }

// mustRefuse wants the refusal of a token, and that the handshake is over.
func mustRefuse(t *testing.T, h *negotiate.Handshake, token []byte, want any) {
	t.Helper()
	step, err := h.Next(t.Context(), token)
	if err == nil {
		t.Fatalf("no error, token %x, context %+v; want %v", step.Token, step.Context, want)
	}
	if step.Token != nil || step.Context != nil {
		t.Errorf("with error %v: %+v", err, step)
	}
	var got any = kerberos.Reason(reason(t, err))
	if _, own := want.(negotiate.Reason); own {
		got = negotiate.Reason(reason(t, err))
	}
	if got != want {
		t.Errorf("%v, want %v", err, want)
	}
	if _, err := h.Next(t.Context(), login(krbtest.AES256SHA1).Token(spnego.KRB5)); reason(t, err) != string(negotiate.OutOfOrder) {
		t.Errorf("after the end: %v", err)
	}
}

// next wants a step that does not end the handshake in an error.
func next(t *testing.T, h *negotiate.Handshake, token []byte, ends bool) negotiate.Step {
	t.Helper()
	step, err := h.Next(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if (step.Context != nil) != ends {
		t.Fatalf("context %+v, want one: %v", step.Context, ends)
	}
	return step
}

// resp is next with a NegTokenResp for an answer.
func resp(t *testing.T, h *negotiate.Handshake, token []byte, ends bool) (spnego.Resp, *kerberos.Context) {
	t.Helper()
	step := next(t, h, token, ends)
	r, err := spnego.ParseResp(step.Token)
	if err != nil {
		t.Fatalf("%v: %x", err, step.Token)
	}
	return r, step.Context
}

// apRep takes the AP-REP from its framing and verifies it.
func apRep(t *testing.T, l krbtest.Login, token []byte, mech spnego.OID) (seq int64) {
	t.Helper()
	m, err := spnego.ParseMechToken(token)
	if err != nil || m.Mech != mech || m.ID != spnego.APRep {
		t.Fatalf("%x: %v, %v, %v", token, m.Mech, m.ID, err)
	}
	seq, err = l.VerifyAPRep(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}
