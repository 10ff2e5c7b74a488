package initiator_test

import (
	"context"
	"testing"
	"time"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/rcache"
)

// newAcceptor returns the service's side, with a key of each type.
func newAcceptor(t *testing.T) *kerberos.Acceptor {
	t.Helper()
	ring, err := kerberos.ParseKeytab(krbtest.ServiceKeytab(krbtest.Enctypes()...))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := rcache.NewMemory(2*kerberos.DefaultSkew, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return &kerberos.Acceptor{
		Keys:      func(context.Context) (*kerberos.Keyring, error) { return ring, nil },
		PermitRC4: true,
		Replay:    cache,
		Now:       func() time.Time { return krbtest.Now },
		Rand:      zeros{},
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// serviceKeys returns the keys that the acceptor has.
func serviceKeys(t *testing.T) []initiator.ServiceKey {
	t.Helper()
	keys, err := initiator.ParseKeytab(krbtest.ServiceKeytab(krbtest.Enctypes()...))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func service() initiator.Principal {
	return initiator.Principal{Name: []string{"HTTP", "proxy.example.org"}, Realm: krbtest.Realm}
}
