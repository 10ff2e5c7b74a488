package initiator_test

import (
	"fmt"
	"testing"
	"time"

	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

// TestForge makes up tickets with each key of a keytab; the service accepts
// several tokens with each.
func TestForge(t *testing.T) {
	a := newAcceptor(t)
	client := initiator.Principal{Name: []string{"Zoë", "admin"}, Realm: "OTHER.TEST"}
	for _, key := range serviceKeys(t) {
		made, err := initiator.Forge(key, client, krbtest.Now, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if want := krbtest.Now.Add(time.Hour); !made.EndTime.Equal(want) || made.Ticket.String() != key.String() {
			t.Errorf("a ticket for %s until %v, want %s until %v", made.Ticket, made.EndTime, key, want)
		}
		for _, style := range []initiator.Style{{}, {Raw: true}, {Mutual: true}, {Raw: true, Mutual: true}, {}} {
			t.Run(fmt.Sprintf("%s %+v", key, style), func(t *testing.T) {
				token, err := made.Token(krbtest.Now, style)
				if err != nil {
					t.Fatal(err)
				}
				step, err := negotiate.NewHandshake(a).Next(t.Context(), token)
				if err != nil || step.Context == nil {
					t.Fatalf("refused: %v", err)
				}
				c := step.Context
				if c.CName != "Zoë/admin" || c.Realm != "OTHER.TEST" || c.Service != service().String() || c.Skew.Abs() > time.Microsecond {
					t.Errorf("accepted %s@%s for %s, skew %v", c.CName, c.Realm, c.Service, c.Skew)
				}
				if mutual := c.APRep != nil; mutual != style.Mutual {
					t.Errorf("mutual authentication: %v", mutual)
				}
			})
		}
	}
}

// TestForgeExpires makes a ticket that is not good for longer than it should be.
func TestForgeExpires(t *testing.T) {
	a := newAcceptor(t)
	made, err := initiator.Forge(serviceKeys(t)[0], service(), krbtest.Now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	later := krbtest.Now.Add(time.Hour)
	a.Now = func() time.Time { return later }
	token, err := made.Token(later, initiator.Style{})
	if err != nil {
		t.Fatal(err)
	}
	if step, err := negotiate.NewHandshake(a).Next(t.Context(), token); err == nil || step.Context != nil {
		t.Error("accepted after its end")
	}
}

// TestUnusableKey has keys that nothing can be encrypted with.
func TestUnusableKey(t *testing.T) {
	for _, change := range []func(*initiator.ServiceKey){
		func(k *initiator.ServiceKey) { k.Key.KeyValue = k.Key.KeyValue[1:] },
		func(k *initiator.ServiceKey) { k.Key.KeyValue = nil },
		func(k *initiator.ServiceKey) { k.Key.KeyType = 3 }, // des-cbc-md5
	} {
		key := serviceKeys(t)[0]
		change(&key)
		if made, err := initiator.Forge(key, service(), krbtest.Now, time.Hour); err == nil {
			t.Errorf("%s: made a ticket for %s", key, made.Ticket)
		}
		c := krbtest.TGT(krbtest.AES256SHA1)
		c.Session = key.Key
		if _, err := c.Token(krbtest.Now, initiator.Style{}); err == nil {
			t.Errorf("%s: made a token", key)
		}
		if _, err := c.Request(service(), krbtest.Now); err == nil {
			t.Errorf("%s: made a request", key)
		}
	}
}
