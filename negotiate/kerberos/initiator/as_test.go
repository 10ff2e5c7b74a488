package initiator_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

var alice = initiator.Principal{Name: []string{"alice"}, Realm: krbtest.Realm}

const alicesPassword = "alices-secret"

// asked returns a request of alice's and the KDC's answer, which she can read with the
// key of info.
func asked(tb testing.TB, enctype int32) (r initiator.ASRequest, answer []byte, info initiator.KeyInfo) {
	tb.Helper()
	k := &krbtest.KDC{
		Users: map[string]krbtest.User{"alice": {Password: alicesPassword, Enctype: enctype, NoProof: true}},
		Now:   func() time.Time { return krbtest.Now },
	}
	r = initiator.NewASRequest(alice, initiator.Enctypes(true), krbtest.Now)
	return r, k.Answer(r.Message), initiator.DefaultKeyInfo(alice, enctype)
}

func byPassword(password string) func(initiator.KeyInfo) (types.EncryptionKey, error) {
	return func(k initiator.KeyInfo) (types.EncryptionKey, error) { return k.Key(password) }
}

// TestAS gets ticket-granting tickets with keys of each type, and proves the password
// where that is demanded.
func TestAS(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		r, answer, info := asked(t, enctype)
		got, err := r.Credential(answer, initiator.KeyInfo{}, byPassword(alicesPassword))
		if err != nil || got.Client.String() != "alice@EXAMPLE.ORG" || got.Ticket.String() != "krbtgt/EXAMPLE.ORG@EXAMPLE.ORG kvno 3 "+initiator.EnctypeName(enctype) {
			t.Errorf("%s has %s, %v", got.Client, got.Ticket, err)
		}
		if _, err := r.Credential(answer, info, byPassword("not-a-secret")); !errors.Is(err, initiator.ErrKey) {
			t.Errorf("another password: %v", err)
		}
		k := &krbtest.KDC{Users: map[string]krbtest.User{"alice": {Password: alicesPassword, Enctype: enctype, Salt: "salt"}}, Now: func() time.Time { return krbtest.Now }}
		var demand *initiator.KDCError
		_, err = r.Credential(k.Answer(r.Message), initiator.KeyInfo{}, nil)
		if !errors.As(err, &demand) || demand.Code != initiator.PreauthRequired {
			t.Fatalf("no demand: %v", err)
		}
		info, ok := demand.KeyInfo(alice, []int32{enctype})
		key, err := info.Key(alicesPassword)
		if !ok || err != nil {
			t.Fatalf("no key: %v", err)
		}
		proving, err := r.Proving(key, demand, krbtest.Now)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := proving.Credential(k.Answer(proving.Message), info, byPassword(alicesPassword)); err != nil || got.Client.String() != "alice@EXAMPLE.ORG" {
			t.Errorf("%s: %v", initiator.EnctypeName(enctype), err)
		}
	}
}

// TestASRefused has answers that are not to be believed, or cannot be read.
func TestASRefused(t *testing.T) {
	r, answer, info := asked(t, krbtest.AES256SHA1)
	mustRefuse := func(name string, r initiator.ASRequest, answer []byte) {
		t.Helper()
		got, err := r.Credential(answer, info, byPassword(alicesPassword))
		if err == nil || errors.Is(err, initiator.ErrKey) || !reflect.DeepEqual(got, initiator.Credential{}) {
			t.Errorf("%s: %s, %v", name, got.Ticket, err)
		}
	}
	for n := range answer {
		mustRefuse("cut short", r, answer[:n])
	}
	mustRefuse("and more", r, append(bytes.Clone(answer), 0))
	mustRefuse("a request", r, r.Message)
	other, _, _ := asked(t, krbtest.AES256SHA1)
	mustRefuse("of another request", other, answer)
	bob := initiator.NewASRequest(initiator.Principal{Name: []string{"bob"}, Realm: krbtest.Realm}, initiator.Enctypes(false), krbtest.Now)
	mustRefuse("of another client", bob, answer)
	far := initiator.NewASRequest(initiator.Principal{Name: alice.Name, Realm: "OTHER.TEST"}, initiator.Enctypes(false), krbtest.Now)
	mustRefuse("of another realm", far, answer)
	narrow := initiator.NewASRequest(alice, []int32{krbtest.AES128SHA1}, krbtest.Now)
	mustRefuse("of a type that was not asked for", narrow, answer)
	gone := errors.New("gone")
	if _, err := r.Credential(answer, info, func(initiator.KeyInfo) (types.EncryptionKey, error) { return types.EncryptionKey{}, gone }); err != gone {
		t.Errorf("without a key: %v", err)
	}
}

// FuzzASAnswer: no answer makes it panic, and none but the KDC's is believed.
func FuzzASAnswer(f *testing.F) {
	r, seed, info := asked(f, krbtest.AES256SHA1)
	right, err := info.Key(alicesPassword)
	if err != nil {
		f.Fatal(err)
	}
	keyOf := func(initiator.KeyInfo) (types.EncryptionKey, error) { return right, nil }
	want, err := r.Credential(seed, info, keyOf)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(krbtest.KDCErrorAt(krbtest.Now, 25, "", krbtest.User{}.Demand("alice")))
	f.Add(krbtest.KDCError(37, "skew"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		got, err := r.Credential(answer, info, keyOf)
		if err != nil && !reflect.DeepEqual(got, initiator.Credential{}) {
			t.Errorf("%s, %v", got.Ticket, err)
		}
		if err == nil && (got.Client.String() != "alice@EXAMPLE.ORG" || !bytes.Equal(got.Session.KeyValue, want.Session.KeyValue)) {
			t.Errorf("believed: %s for %s", got.Client, got.Ticket)
		}
		var refused *initiator.KDCError
		if errors.As(err, &refused) {
			refused.Status()
			refused.KeyInfo(alice, initiator.Enctypes(true))
		}
	})
}
