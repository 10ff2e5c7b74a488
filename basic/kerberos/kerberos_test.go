package kerberos

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"squidauth/helper/identity"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/protocol"
)

// users are such that all logins with their passwords succeed.
func users() map[string]krbtest.User {
	return map[string]krbtest.User{
		"alice":  {Password: "alices-secret"},
		"bob":    {Password: "bobs-secret", NoProof: true},
		"jürgen": {Password: "Grüße aus Köln €", Enctype: krbtest.AES128SHA1, Salt: "another salt"},
		"sha2":   {Password: "sha2s-secret", Enctype: krbtest.AES256SHA2},
		"sha128": {Password: "sha128s-secret", Enctype: krbtest.AES128SHA2, NoProof: true},
		"many":   {Password: "manys-secret", Params: "00002000"},
	}
}

// TestLogin has each kind of user log in, and try another password. That is one guess
// each, or none where the KDC wants no proof.
func TestLogin(t *testing.T) {
	k := newKDC(users())
	b := newBackend(t, nil, listen(t, k.Answer))
	for name, u := range users() {
		mustAnswer(t, b, name, u.Password, "OK authenticated "+name+"@EXAMPLE.ORG")
		mustAnswer(t, b, name, "not-a-secret", "ERR wrong-password")
		want := 2
		if u.NoProof {
			want = 0
		}
		if n := k.Guesses(name); n != want {
			t.Errorf("%s: %d guesses at two passwords", name, n)
		}
	}
	mustAnswer(t, b, "eve", "not-a-secret", "ERR no-such-user")
	if n := k.Guesses("eve"); n != 1 {
		t.Errorf("who does not exist is asked for %d proofs, others for one", n)
	}
	mustAnswer(t, b, "j\xfcrgen", "Grüße aus Köln €", "ERR illegal-name")
}

// TestNames has names in all ways that may be allowed, or not.
func TestNames(t *testing.T) {
	all := Names{Realms: []string{"EXAMPLE.ORG", "OTHER.TEST"}, Principal: true, Domains: map[string]string{"EXAMPLE": "EXAMPLE.ORG", "Other": "OTHER.TEST"}}
	few := Names{Realms: all.Realms}
	for typed, want := range map[string][2]string{
		"alice":                 {"alice@EXAMPLE.ORG", "alice@EXAMPLE.ORG"},
		"PROXY$":                {"PROXY$@EXAMPLE.ORG", "PROXY$@EXAMPLE.ORG"},
		"alice@example.org":     {"alice@EXAMPLE.ORG", ""},
		"alice@other.test":      {"alice@OTHER.TEST", "alice@OTHER.TEST"},
		`example\alice`:         {"alice@EXAMPLE.ORG", ""},
		`OTHER\alice`:           {"alice@OTHER.TEST", ""},
		`NONE\alice`:            {"", ""},
		`\alice`:                {"", ""},
		`OTHER\alice@OTHER`:     {"", ""},
		`OTHER\a\b`:             {"", ""},
		"alice@":                {"", ""},
		"@other.test":           {"", ""},
		"a@b@other.test":        {"", ""},
		"alice@NONE.TEST":       {"", ""},
		"alice/admin":           {"", ""},
		"krbtgt/EXAMPLE.ORG":    {"", ""},
		"":                      {"", ""},
		"a\nb":                  {"", ""},
		"a\x00":                 {"", ""},
		"a\xff":                 {"", ""},
		"john smith":            {"john smith@EXAMPLE.ORG", "john smith@EXAMPLE.ORG"},
		string(make([]byte, 9)): {"", ""},
	} {
		for i, n := range []Names{all, few} {
			p, ok := n.principal(typed)
			got := ""
			if ok {
				got = p.String()
			}
			if got != want[i] {
				t.Errorf("%q is %q, want %q", typed, got, want[i])
			}
		}
	}
	b := newBackend(t, nil, "127.0.0.1:1")
	mustAnswer(t, b, "alice@OTHER.TEST", "x", "ERR illegal-name") // and nobody is asked
}

// TestSpoofedKDC has somebody in the KDC's place who knows the password that will be
// tried, and all but the proxy's key.
func TestSpoofedKDC(t *testing.T) {
	for name, edit := range map[string]func(*krbtest.Ticket){
		"another key": func(k *krbtest.Ticket) { k.Key = krbtest.Key(k.Key.KeyType, "guess") },
		"another service": func(k *krbtest.Ticket) {
			k.SName, k.Key = []string{"HTTP", "other"}, krbtest.Key(k.Key.KeyType, "HTTP/other")
		},
		"another client":    func(k *krbtest.Ticket) { k.CName = []string{"mallory"} },
		"two components":    func(k *krbtest.Ticket) { k.CName = []string{"alice", "admin"} },
		"another realm":     func(k *krbtest.Ticket) { k.CRealm = "OTHER.TEST" },
		"an invalid ticket": func(k *krbtest.Ticket) { k.Flags = []int{krbtest.FlagInvalid} },
		"an old ticket":     func(k *krbtest.Ticket) { k.EndTime = krbtest.AuthTime().Add(-time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKDC(users())
			k.Edit = edit
			b := newBackend(t, nil, listen(t, k.Answer))
			mustAnswer(t, b, "alice", "alices-secret", "BH kdc-not-verified")
			mustAnswer(t, b, "bob", "bobs-secret", "BH kdc-not-verified")
		})
	}
}

// ntStatus returns KERB-ERROR-DATA as Windows sends it, or in a list as Samba does.
func ntStatus(status uint32, list bool) []byte {
	value := append(binary.LittleEndian.AppendUint32(nil, status), make([]byte, 8)...)
	one := krbtest.PAData(3, value)
	if list {
		return krbtest.User{}.Demand("alice", one)
	}
	return one
}

// TestRefused has a KDC refuse users, before and after they have proved the password.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		code   int32
		status uint32
		want   string
		words  string
	}{
		{1, 0, "ERR account-expired", ""},
		{12, 0, "ERR logon-refused", ""},
		{12, 0xC000006F, "ERR logon-hours", ""},
		{12, 0xC0000070, "ERR workstation-not-allowed", ""},
		{12, 0xC000006E, "ERR logon-refused", ""},
		{14, 0, "BH password-cannot-be-proved", "AES keys"},
		{18, 0, "ERR account-disabled-or-locked", ""},
		{18, 0xC0000072, "ERR account-disabled", ""},
		{18, 0xC0000234, "ERR account-locked-out", ""},
		{18, 0xC0000193, "ERR account-expired", ""},
		{18, 0xDEADBEEF, "ERR account-disabled-or-locked", ""},
		{23, 0, "ERR password-expired", ""},
		{23, 0xC0000224, "ERR password-must-change", ""},
		{24, 0xC0000234, "ERR wrong-password", ""},
		{37, 0, "BH clock-skew", "our clock is 10m0s behind that of the KDC of EXAMPLE.ORG"},
		{60, 0xC0000001, "BH server-unavailable", "Kerberos error 60, NTSTATUS 0xC0000001"},
		{68, 0, "BH server-unavailable", "Kerberos error 68"},
	} {
		for _, list := range []bool{false, true} {
			var data []byte
			if c.status != 0 {
				data = ntStatus(c.status, list)
			}
			refusal := krbtest.KDCErrorAt(now().Add(10*time.Minute), c.code, "", data)
			if c.code != 24 {
				early := newBackend(t, nil, listen(t, func([]byte) []byte { return refusal }))
				mustAnswer(t, early, "alice", "alices-secret", c.want, c.words)
			}
			k := newKDC(users())
			n := 0
			late := newBackend(t, nil, listen(t, func(request []byte) []byte {
				if n++; n == 2 {
					return refusal
				}
				return k.Answer(request)
			}))
			mustAnswer(t, late, "alice", "alices-secret", c.want, c.words)
			if n != 2 {
				t.Errorf("%d: %d requests", c.code, n)
			}
		}
	}
	early := newBackend(t, nil, listen(t, func([]byte) []byte { return krbtest.KDCError(24, "") }))
	mustAnswer(t, early, "alice", "alices-secret", "BH answer-not-from-the-kdc")
}

// TestNoServiceTicket has a KDC that knows the user, and gives no ticket for the proxy.
func TestNoServiceTicket(t *testing.T) {
	for code, want := range map[int32][2]string{
		7:  {"BH kdc-not-verified", "knows no service HTTP/proxy.example.org@EXAMPLE.ORG"},
		12: {"ERR logon-refused", ""},
		18: {"ERR account-disabled-or-locked", ""},
		37: {"BH clock-skew", "our clock is 0s"},
		60: {"BH kdc-not-verified", "Kerberos error 60"},
	} {
		k := newKDC(users())
		n := 0
		b := newBackend(t, nil, listen(t, func(request []byte) []byte {
			if n++; n == 3 {
				return krbtest.KDCErrorAt(now().Truncate(time.Second), code, "", nil)
			}
			return k.Answer(request)
		}))
		mustAnswer(t, b, "alice", "alices-secret", want[0], want[1])
	}
}

// TestRC4 has users and services with RC4 keys only.
func TestRC4(t *testing.T) {
	k := newKDC(map[string]krbtest.User{"old": {Password: "olds-Grüße", Enctype: krbtest.RC4}})
	address := listen(t, k.Answer)
	mustAnswer(t, newBackend(t, nil, address), "old", "olds-Grüße", "BH password-cannot-be-proved", "AES keys")
	if n := k.Guesses("old"); n != 0 {
		t.Errorf("%d guesses went out with RC4", n)
	}
	weak := newBackend(t, func(o *Options) { o.PermitRC4 = true }, address)
	mustAnswer(t, weak, "old", "olds-Grüße", "OK authenticated old@EXAMPLE.ORG")
	mustAnswer(t, weak, "old", "not-a-secret", "ERR wrong-password")
}

// TestCheapKeys has a KDC that wants keys that are too cheap, or too dear, to make.
func TestCheapKeys(t *testing.T) {
	for _, params := range []string{"00000001", "00000fff", "00040001", "ffffffff", "00000000", "0000001000"} {
		demand := krbtest.KDCErrorAt(now(), 25, "", krbtest.User{Params: params}.Demand("alice"))
		n := 0
		b := newBackend(t, nil, listen(t, func([]byte) []byte { n++; return demand }))
		mustAnswer(t, b, "alice", "alices-secret", "BH answer-not-from-the-kdc", "iterations")
		if n != 1 {
			t.Errorf("%s: %d requests", params, n)
		}
	}
}

// withPAC has tickets say that the client is the account of the directory's.
func withPAC(sam string) func(*krbtest.Ticket) {
	return func(k *krbtest.Ticket) {
		k.AuthData = krbtest.WithPAC(pactest.Build(pactest.Spec{
			Client: k.CName[0], AuthTime: k.AuthTime, Key: k.Key,
			Logon: &pactest.Logon{Name: sam, Domain: "EXAMPLE", DomainSID: "S-1-5-21-1-2-3", UserID: 1001, PrimaryGroup: 513, Groups: []uint32{513, 2001}},
		}))
	}
}

// TestPAC reads groups and the account's own name from the ticket.
func TestPAC(t *testing.T) {
	k := newKDC(users())
	k.Edit = withPAC("Alice")
	address := listen(t, k.Answer)
	b := newBackend(t, func(o *Options) { o.Groups.Format, o.Accounts.Form = identity.GroupsSID, identity.Domain }, address)
	mustAnswer(t, b, "alice", "alices-secret", `OK authenticated EXAMPLE\Alice`)
	for group, want := range map[string]string{
		"S-1-5-21-1-2-3-2001": "OK authenticated alice@EXAMPLE.ORG",
		"S-1-5-21-1-2-3-2002": "ERR not-in-required-group",
	} {
		set, err := identity.ParseGroups([]string{group})
		if err != nil {
			t.Fatal(err)
		}
		b := newBackend(t, func(o *Options) { o.Groups.Require = set }, address)
		mustAnswer(t, b, "alice", "alices-secret", want)
	}
	mustAnswer(t, newBackend(t, nil, address), "bob", "bobs-secret", "ERR not-the-accounts-name")
	named := identity.Groups{Require: identity.GroupSet{Names: []string{"Staff"}}}
	mustAnswer(t, newBackend(t, func(o *Options) { o.Groups = named }, address), "alice", "alices-secret", "BH required-group-unknown")
}

// TestIsName: to Squid the Kelvin sign is another letter than k.
func TestIsName(t *testing.T) {
	for typed, want := range map[string]bool{"JACK": true, "jac\u212a": false, "jack$": false, "": false} {
		if isName(identity.Account{SAM: "jack"}, typed) != want {
			t.Errorf("%q is not %v", typed, want)
		}
	}
}

// TestNoKeytab asks nobody for a password that could not be checked to the end.
func TestNoKeytab(t *testing.T) {
	k := newKDC(users())
	address := listen(t, k.Answer)
	b := newBackend(t, func(o *Options) { o.Keytab = keytab(t, []byte("nonsense")...) }, address)
	mustAnswer(t, b, "alice", "alices-secret", "BH no-keytab")
	b = newBackend(t, func(o *Options) { o.Service = "HTTP/other.example.org" }, address)
	mustAnswer(t, b, "alice", "alices-secret", "BH no-keytab", "no key of HTTP/other.example.org")
	if n := k.Guesses("alice"); n != 0 {
		t.Errorf("%d guesses", n)
	}
	b = newBackend(t, func(o *Options) { o.Service = krbtest.Service }, address)
	mustAnswer(t, b, "alice", "alices-secret", "OK authenticated alice@EXAMPLE.ORG")
}

// TestOneGuess has a KDC die with a guess in its hands: no other gets it.
func TestOneGuess(t *testing.T) {
	first, second := newKDC(users()), newKDC(users())
	n := 0
	dying := listen(t, func(request []byte) []byte {
		if n++; n == 2 {
			first.Answer(request)
			return nil
		}
		return first.Answer(request)
	})
	b := newBackend(t, nil, dying, listen(t, second.Answer))
	v := b.Authenticate(t.Context(), "alice", "alices-secret")
	if v.Outcome() != protocol.Unavailable || !v.IsUnanswered() || !strings.Contains(v.Cause().Error(), "broke off") {
		t.Errorf("got %v, %v, on its way: %v", v.Outcome(), v.Cause(), v.IsUnanswered())
	}
	if a, b := first.Guesses("alice"), second.Guesses("alice"); a != 1 || b != 0 {
		t.Errorf("the KDCs got %d and %d guesses", a, b)
	}
	mustAnswer(t, b, "alice", "alices-secret", "OK authenticated alice@EXAMPLE.ORG") // by the second
	if n := second.Guesses("alice"); n != 1 {
		t.Errorf("the second KDC got %d guesses", n)
	}
}

// TestGoneAfterDemand has a KDC go after it demanded a proof: the next may have it.
func TestGoneAfterDemand(t *testing.T) {
	first, second := newKDC(users()), newKDC(users())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		krbtest.ServeConn(conn, func(request []byte) []byte {
			listener.Close()
			return first.Answer(request)
		})
	}()
	b := newBackend(t, nil, listener.Addr().String(), listen(t, second.Answer))
	mustAnswer(t, b, "alice", "alices-secret", "OK authenticated alice@EXAMPLE.ORG")
	if n := second.Guesses("alice"); n != 1 {
		t.Errorf("the second KDC got %d guesses", n)
	}
}

// TestNoKDC has nobody to ask, or somebody who never answers.
func TestNoKDC(t *testing.T) {
	mustAnswer(t, newBackend(t, nil, "127.0.0.1:1"), "alice", "x", "BH server-unavailable", "no KDC of realm EXAMPLE.ORG answers")
	if newBackend(t, nil, "127.0.0.1:1").Authenticate(t.Context(), "alice", "x").IsUnanswered() {
		t.Error("a password that nobody was sent is on its way")
	}
	held := make(chan struct{})
	defer close(held)
	asked := make(chan struct{})
	b := newBackend(t, nil, listen(t, func([]byte) []byte {
		close(asked)
		<-held
		return nil
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if v := b.Authenticate(ctx, "alice", "alices-secret"); v.Outcome() != protocol.Unavailable || v.Cause() == nil {
		t.Errorf("got %v, %v", v.Outcome(), v.Cause())
	}
}

// TestOverloaded has all processors make keys of other users' passwords.
func TestOverloaded(t *testing.T) {
	k := newKDC(users())
	b := newBackend(t, nil, listen(t, k.Answer))
	for range cap(b.stretching) {
		b.stretching <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if v := b.Authenticate(ctx, "alice", "alices-secret"); v.Outcome() != protocol.Unavailable || v.Reason() != "overloaded" {
		t.Errorf("got %v %s", v.Outcome(), v.Reason())
	}
}

// TestManyAtOnce has many users log in at the same time, each with an own password.
func TestManyAtOnce(t *testing.T) {
	all := users()
	delete(all, "sha2") // whose keys take long
	delete(all, "sha128")
	k := newKDC(all)
	b := newBackend(t, nil, listen(t, k.Answer))
	var logins sync.WaitGroup
	for range 3 {
		for name, u := range all {
			logins.Go(func() { mustAnswer(t, b, name, u.Password, "OK authenticated "+name+"@EXAMPLE.ORG") })
			logins.Go(func() { mustAnswer(t, b, name, u.Password+"x", "ERR wrong-password") })
		}
	}
	logins.Wait()
}
