package initiator_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

// granted asks gokrb5's reading of a KDC for the service.
func granted(tb testing.TB, tgt initiator.Credential, service initiator.Principal) (initiator.Request, *krbtest.Grant) {
	tb.Helper()
	r, err := tgt.Request(service, krbtest.Now)
	if err != nil {
		tb.Fatal(err)
	}
	grant, err := krbtest.NewGrant(r.Message, tgt)
	if err != nil {
		tb.Fatal(err)
	}
	return r, grant
}

// TestRequest gets a ticket from a KDC, which the service then accepts.
func TestRequest(t *testing.T) {
	a := newAcceptor(t)
	for _, enctype := range krbtest.Enctypes() {
		tgt := krbtest.TGT(enctype)
		r, grant := granted(t, tgt, service())
		got, err := r.Credential(grant.Answer(), tgt)
		if err != nil {
			t.Fatalf("%s: %v", initiator.EnctypeName(enctype), err)
		}
		if got.Client.String() != "alice@EXAMPLE.ORG" || !got.EndTime.Equal(krbtest.Now.Add(time.Hour).Truncate(time.Second)) ||
			got.Ticket.String() != "HTTP/proxy.example.org@EXAMPLE.ORG kvno 3 "+initiator.EnctypeName(enctype) {
			t.Errorf("%s until %v: %s", got.Client, got.EndTime, got.Ticket)
		}
		if realm, leads := got.Leads(); leads {
			t.Errorf("it leads to %s", realm)
		}
		token, err := got.Token(krbtest.Now, initiator.Style{Raw: true})
		if err != nil {
			t.Fatal(err)
		}
		_, apReq, found := bytes.Cut(token, []byte{1, 0}) // the token ID
		if c, err := a.Accept(t.Context(), apReq); !found || err != nil || c.CName != "alice" {
			t.Errorf("%s: refused: %v", initiator.EnctypeName(enctype), err)
		}
	}
}

// TestReferral asks for what leads to another realm's KDC.
func TestReferral(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	r, grant := granted(t, tgt, initiator.TGS("OTHER.TEST", krbtest.Realm))
	got, err := r.Credential(grant.Answer(), tgt)
	if err != nil {
		t.Fatal(err)
	}
	if realm, leads := got.Leads(); !leads || realm != "OTHER.TEST" || got.Ticket.SRealm != krbtest.Realm {
		t.Errorf("%s leads to %q, %v", got.Ticket, realm, leads)
	}
}

// TestAnswerRefused has answers that are not to be believed, or cannot be read.
func TestAnswerRefused(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	for name, change := range map[string]func(g *krbtest.Grant){
		"another nonce":       func(g *krbtest.Grant) { g.Part.Nonce++ },
		"another client":      func(g *krbtest.Grant) { g.Reply.CName.NameString = []string{"bob"} },
		"another realm":       func(g *krbtest.Grant) { g.Reply.CRealm = "OTHER.TEST" },
		"version":             func(g *krbtest.Grant) { g.Reply.PVNO = 4 },
		"ticket version":      func(g *krbtest.Grant) { g.Reply.Ticket.TktVNO = 4 },
		"message":             func(g *krbtest.Grant) { g.Reply.MsgType = 11 },
		"no service":          func(g *krbtest.Grant) { g.Part.SName.NameString = nil },
		"no session key":      func(g *krbtest.Grant) { g.Part.Key.KeyValue = nil },
		"unknown session key": func(g *krbtest.Grant) { g.Part.Key.KeyType = 3 },
	} {
		r, grant := granted(t, tgt, service())
		if _, err := r.Credential(grant.Answer(), tgt); err != nil {
			t.Fatalf("%s: unchanged, it is refused: %v", name, err)
		}
		change(grant)
		mustRefuse(t, name, r, grant.Answer(), tgt)
	}
	r, grant := granted(t, tgt, service())
	answer := grant.Answer()
	for n := range answer {
		mustRefuse(t, "cut short", r, answer[:n], tgt)
	}
	mustRefuse(t, "and more", r, append(answer, 0), tgt)
	mustRefuse(t, "of another session", r, answer, krbtest.TGT(krbtest.AES128SHA1))
	other, _ := granted(t, tgt, service())
	mustRefuse(t, "of another request", other, answer, tgt)
	mustRefuse(t, "nothing encrypted", r, grant.AnswerBytes(nil), tgt)
	mustRefuse(t, "a request", r, r.Message, tgt)
}

// mustRefuse also sees to it that nothing of a refused answer is returned.
func mustRefuse(t *testing.T, name string, r initiator.Request, answer []byte, tgt initiator.Credential) {
	t.Helper()
	got, err := r.Credential(answer, tgt)
	if err == nil || !reflect.DeepEqual(got, initiator.Credential{}) {
		t.Errorf("%s: %s, %v", name, got.Ticket, err)
	}
}

func TestKDCError(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	r, _ := granted(t, tgt, service())
	for _, text := range []string{"", "LOOKING_UP_SERVER"} {
		answer := krbtest.KDCError(7, text)
		_, err := r.Credential(answer, tgt)
		var e *initiator.KDCError
		if !errors.As(err, &e) || e.Code != 7 || e.Text != text || !e.Time.Equal(krbtest.Now.Truncate(time.Second)) {
			t.Errorf("got %+v of %v", e, err)
		}
		for n := range answer {
			if _, err := r.Credential(answer[:n], tgt); err == nil || errors.As(err, &e) {
				t.Errorf("of %d bytes: %v", n, err)
			}
		}
	}
}

// FuzzAnswer: no answer makes it panic, and none but the KDC's is believed.
func FuzzAnswer(f *testing.F) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	r, grant := granted(f, tgt, service())
	seed := grant.Answer()
	if _, err := r.Credential(seed, tgt); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(krbtest.KDCError(37, "skew"))
	f.Add(grant.AnswerBytes(nil))
	f.Fuzz(func(t *testing.T, answer []byte) {
		got, err := r.Credential(answer, tgt)
		if err != nil && !reflect.DeepEqual(got, initiator.Credential{}) {
			t.Errorf("%s, %v", got.Ticket, err)
		}
		if err == nil && (got.Client.String() != tgt.Client.String() || !bytes.Equal(got.Session.KeyValue, grant.Part.Key.KeyValue)) {
			t.Errorf("believed: %s for %s", got.Client, got.Ticket)
		}
	})
}

// FuzzAnswerPart does so with what only the KDC can choose: what is believed can
// be used.
func FuzzAnswerPart(f *testing.F) {
	tgt := krbtest.TGT(krbtest.AES128SHA2)
	r, grant := granted(f, tgt, service())
	seed, err := grant.Part.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	if _, err := r.Credential(grant.AnswerBytes(seed), tgt); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, plain []byte) {
		got, err := r.Credential(grant.AnswerBytes(plain), tgt)
		if err != nil {
			return
		}
		if _, err := got.Token(krbtest.Now, initiator.Style{}); err != nil || len(got.Ticket.SName) == 0 {
			t.Errorf("believed, and not to be used: %s, %v", got.Ticket, err)
		}
	})
}

// TestParseTicket reads back what the encoder writes.
func TestParseTicket(t *testing.T) {
	want := krbtest.TGT(krbtest.AES256SHA1).Ticket
	got, err := initiator.ParseTicket(want.Marshal())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for n := range len(want.Marshal()) {
		if got, err := initiator.ParseTicket(want.Marshal()[:n]); err == nil {
			t.Errorf("of %d bytes: %s", n, got)
		}
	}
}
