package kerberos_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/rcache"
)

// newAcceptor returns one with a service key of each type, at krbtest.Now.
func newAcceptor(tb testing.TB) *kerberos.Acceptor {
	tb.Helper()
	return &kerberos.Acceptor{
		Keys:      keys(tb, krbtest.ServiceKeytab(krbtest.Enctypes()...)),
		PermitRC4: true,
		Replay:    newCache(tb),
		Now:       func() time.Time { return krbtest.Now },
		Rand:      ones{},
	}
}

// ones are the random numbers, so that sequence numbers are as large as they get.
type ones struct{}

func (ones) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 0xff
	}
	return len(b), nil
}

func newCache(tb testing.TB) rcache.Cache {
	tb.Helper()
	cache, err := rcache.NewMemory(2*kerberos.DefaultSkew, 1<<20)
	if err != nil {
		tb.Fatal(err)
	}
	return cache
}

func keys(tb testing.TB, keytab []byte) func(context.Context) (*kerberos.Keyring, error) {
	tb.Helper()
	ring, err := kerberos.ParseKeytab(keytab)
	if err != nil {
		tb.Fatal(err)
	}
	return func(context.Context) (*kerberos.Keyring, error) { return ring, nil }
}

func mustAccept(t *testing.T, a *kerberos.Acceptor, l krbtest.Login) *kerberos.Context {
	t.Helper()
	c, err := a.Accept(t.Context(), l.APReq())
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	if got := c.CName + "@" + c.Realm; got != l.User() {
		t.Fatalf("accepted as %s, not %s", got, l.User())
	}
	return c
}

// mustRefuse also sees to it that a refusal names nobody.
func mustRefuse(t *testing.T, a *kerberos.Acceptor, apReq []byte, want kerberos.Reason) {
	t.Helper()
	c, err := a.Accept(t.Context(), apReq)
	if c != nil {
		t.Errorf("a context of %s@%s, and error %v", c.Client, c.Realm, err)
	}
	if err == nil {
		t.Fatalf("accepted, want %s", want)
	}
	var own *kerberos.Error
	if !errors.As(err, &own) || own.Reason != want {
		t.Errorf("%v, want reason %s", err, want)
	}
}
