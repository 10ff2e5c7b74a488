package negotiate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"squidauth/helper/identity"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// A person logs in over and over with one ticket, as browsers do.
type person struct {
	login krbtest.Login
}

// people have no PAC or one of 0, 1, 200 or 3,000 groups, in tickets of all types.
func people() (all []person) {
	for i, n := range []int{-1, 0, 1, 200, 3000, -1, 1} {
		ticket := krbtest.NewTicket(krbtest.Enctypes()[i%5])
		ticket.CName = []string{fmt.Sprint("user", i)}
		ticket.Session = krbtest.Key(krbtest.AES128SHA2, ticket.CName[0])
		if n >= 0 {
			ticket.AuthData = krbtest.WithPAC(pactest.Build(specOf(ticket, n)))
		}
		l := ticket.Login()
		l.Auth.Cksum = krbtest.GSSChecksum(krbtest.GSSMutual)
		sealed := ticket.Seal()
		l.Sealed = &sealed
		all = append(all, person{l})
	}
	return all
}

// conversations are what a client may say, right and wrong.
var conversations = []func(l krbtest.Login) []string{
	func(l krbtest.Login) []string { return []string{line("YR", l.Init(spnego.KRB5))} },
	func(l krbtest.Login) []string { return []string{line("YR", l.Token(spnego.MSKRB5))} },
	func(l krbtest.Login) []string {
		list := []spnego.OID{spnego.NTLM, spnego.KRB5}
		return []string{line("YR", initOf(ntlmToken, nil, list...)), line("KK", spnego.Resp{ResponseToken: l.Token(spnego.KRB5)}.Append(nil)),
			line("KK", spnego.Resp{MechListMIC: l.MIC(listOf(list...))}.Append(nil))}
	},
	func(l krbtest.Login) []string {
		return []string{line("YR", initOf(ntlmToken, nil, spnego.NTLM, spnego.KRB5)), line("KK", spnego.Resp{ResponseToken: l.Token(spnego.KRB5)}.Append(nil)),
			line("KK", spnego.Resp{MechListMIC: []byte("wrong")}.Append(nil))}
	},
	func(krbtest.Login) []string { return []string{line("YR", initOf(nil, nil, spnego.KRB5))} }, // and goes away
	func(l krbtest.Login) []string {
		return []string{line("KK", spnego.Resp{ResponseToken: l.Token(spnego.KRB5)}.Append(nil))}
	},
	func(krbtest.Login) []string { return []string{line("YR", ntlmToken)} },
	func(krbtest.Login) []string { return []string{"YR !"} },
	func(l krbtest.Login) []string {
		l.Auth.CRealm = "ADMIN.TEST"
		return []string{line("YR", l.Init(spnego.KRB5))}
	},
	func(l krbtest.Login) []string {
		l.Sealed, l.Ticket.Key = nil, krbtest.Key(krbtest.AES256SHA1, "old")
		return []string{line("YR", l.Init(spnego.KRB5))}
	},
	func(l krbtest.Login) []string { // another's ticket, stolen without its session key
		other := l.Ticket
		other.CName, other.Key = []string{"victim"}, krbtest.ServiceKey(l.Ticket.Key.KeyType)
		sealed := other.Seal()
		l.Sealed, l.Ticket.Session = &sealed, krbtest.Key(krbtest.RC4, "guess")
		return []string{line("YR", l.Init(spnego.KRB5))}
	},
}

// TestNothingIsLeftBehind: each conversation in a process that saw many others
// goes as it would go in one of its own: same results, users, groups and reasons.
// The tokens are the client's to verify, since each encryption differs.
func TestNothingIsLeftBehind(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	all, shared := people(), newHandler(t)
	shared.Groups.Format = identity.GroupsSID
	accepted := 0
	for range 300 {
		l := all[random.IntN(len(all))].login
		kind := random.IntN(len(conversations))
		fresh := newHandler(t)
		fresh.Groups.Format = identity.GroupsSID
		if kind != 5 { // KK without YR: what the shared handler waits for, if it waits, is another client's answer
			accepted += compare(t, shared, fresh, conversations[kind](l), l)
			continue
		}
		shared.Handle(t.Context(), []byte("YR"))
		compare(t, shared, fresh, conversations[kind](l), l)
	}
	if accepted < 40 {
		t.Errorf("%d logins", accepted)
	}
}

// compare returns 1 if the conversation ends in a login.
func compare(t *testing.T, shared, fresh *negotiate.Handler, lines []string, l krbtest.Login) int {
	t.Helper()
	for i, text := range lines {
		got, gotLine := ask(t, shared, text)
		want, wantLine := ask(t, fresh, text)
		if got.Outcome() != want.Outcome() || got.Detail().Reason != want.Detail().Reason || got.Detail().User != want.Detail().User ||
			!slices.Equal(withoutToken(gotLine), withoutToken(wantLine)) {
			t.Fatalf("leg %d of %s: %v %+v %.200v\nafresh: %v %+v %.200v", i, l.User(), got.Outcome(), got.Detail(), gotLine, want.Outcome(), want.Detail(), wantLine)
		}
		if got.Outcome() == protocol.Accepted {
			if got.Detail().User != l.User() {
				t.Errorf("%s logged in as %s", l.User(), got.Detail().User)
			}
			return 1
		}
	}
	return 0
}

func withoutToken(p protocol.ParsedReply) []protocol.Pair {
	return slices.DeleteFunc(slices.Clone(p.Notes), func(n protocol.Pair) bool { return n.Key == "token" })
}
