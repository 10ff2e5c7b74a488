package initiator

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

var fastNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func testKey(b byte) types.EncryptionKey {
	k := types.EncryptionKey{KeyType: etypeID.AES256_CTS_HMAC_SHA1_96, KeyValue: make([]byte, 32)}
	for i := range k.KeyValue {
		k.KeyValue[i] = b
	}
	return k
}

// fastKDC answers one request of alice's, which is protected. Its fields are what a
// KDC says; tests change them.
type fastKDC struct {
	t       testing.TB
	request ASRequest
	client  Principal // in what is protected
	nonce   uint32
	list    []paData
	sum     []byte // of the ticket; nil: the right one
	open    bool   // nothing is protected
	unended bool   // without KrbFastFinished
}

func newFastKDC(t testing.TB) *fastKDC {
	t.Helper()
	tgt := Credential{Ticket: fastTicket(), Session: testKey(1), Client: Principal{[]string{"HTTP", "proxy"}, "EXAMPLE.ORG"}}
	alice := Principal{[]string{"alice"}, "EXAMPLE.ORG"}
	r, err := NewArmoredASRequest(alice, Enctypes(false), tgt, fastNow)
	if err != nil {
		t.Fatal(err)
	}
	return &fastKDC{t: t, request: r, client: alice, nonce: r.nonce}
}

func fastTicket() Ticket {
	return Ticket{Version: version, SRealm: "EXAMPLE.ORG", SName: []string{"krbtgt", "EXAMPLE.ORG"}, Enc: types.EncryptedData{EType: 18, Cipher: []byte("sealed")}}
}

func (k *fastKDC) encrypt(plain []byte, key types.EncryptionKey, usage uint32) types.EncryptedData {
	enc, err := encrypt(plain, key, usage, 0)
	if err != nil {
		k.t.Fatal(err)
	}
	return enc
}

// reply is the PA-FX-FAST of an answer.
func (k *fastKDC) reply() paData {
	sum, err := checksum(fastTicket().Marshal(), k.request.armor.key, usageFastFinished)
	if err != nil {
		k.t.Fatal(err)
	}
	if k.sum != nil {
		sum.Checksum = k.sum
	}
	finished := sequence(
		field(0, kerberosTime(fastNow)), field(1, integer(0)), field(2, general(k.client.Realm)), field(3, name(1, k.client.Name)),
		field(4, sequence(field(0, integer(int64(sum.CksumType))), field(1, octets(sum.Checksum)))))
	return k.replyOf(encode(sequence(
		field(0, sequence(elements(k.list)...)),
		field(1, key(testKey(3))),
		optional(2, !k.unended, finished),
		field(3, integer(int64(k.nonce))))))
}

func (k *fastKDC) replyOf(response []byte) paData {
	enc := k.encrypt(response, k.request.armor.key, usageFastReply)
	return paData{paFXFast, encode(field(0, sequence(field(0, encrypted(enc)))))}
}

// asRep answers with a ticket, by alice's key.
func (k *fastKDC) asRep() []byte {
	reply, err := combine(testKey(3), testKey(2), "strengthenkey", "replykey")
	if err != nil {
		k.t.Fatal(err)
	}
	list := []paData{k.reply()}
	if k.open {
		reply, list = testKey(2), nil
	}
	part := encode(application(typeEncASRepPart,
		field(0, key(testKey(4))), field(1, sequence()), field(2, integer(int64(k.request.nonce))), field(4, flags(nil)),
		field(5, kerberosTime(fastNow)), field(7, kerberosTime(fastNow.Add(time.Hour))),
		field(9, general("EXAMPLE.ORG")), field(10, name(2, []string{"krbtgt", "EXAMPLE.ORG"}))))
	return encode(application(typeASRep,
		field(0, integer(version)), field(1, integer(typeASRep)),
		optional(2, list != nil, sequence(elements(list)...)),
		field(3, general("EXAMPLE.ORG")), field(4, name(1, []string{"alice"})),
		field(5, fastTicket().element()), field(6, encrypted(k.encrypt(part, reply, keyusage.AS_REP_ENCPART)))))
}

// krbError is a KRB-ERROR with that e-data, or none.
func krbError(code int32, data []byte) []byte {
	return encode(application(typeError,
		field(0, integer(version)), field(1, integer(typeError)), field(4, kerberosTime(fastNow)), field(5, integer(0)),
		field(6, integer(int64(code))), field(9, general("EXAMPLE.ORG")), field(10, name(2, []string{"krbtgt", "EXAMPLE.ORG"})),
		optional(12, data != nil, octets(data))))
}

func (k *fastKDC) ask(answer []byte) (Credential, error) {
	return k.request.Credential(answer, KeyInfo{}, func(KeyInfo) (types.EncryptionKey, error) { return testKey(2), nil })
}

// TestFAST gets a ticket, and a demand for a proof, under protection.
func TestFAST(t *testing.T) {
	k := newFastKDC(t)
	got, err := k.ask(k.asRep())
	if err != nil || got.Client.String() != "alice@EXAMPLE.ORG" || !reflect.DeepEqual(got.Session, testKey(4)) {
		t.Errorf("%s, %v", got.Client, err)
	}
	if _, err := k.request.Credential(k.asRep(), KeyInfo{}, func(KeyInfo) (types.EncryptionKey, error) { return testKey(9), nil }); !errors.Is(err, ErrKey) {
		t.Errorf("another key: %v", err)
	}
	info := encode(sequence(sequence(field(0, integer(18)), field(1, general("salt")))))
	k.list = []paData{{paFXError, krbError(PreauthRequired, nil)}, {paETypeInfo2, info}, {paEncryptedChallenge, nil}, {paFXCookie, []byte("cookie")}}
	_, err = k.ask(krbError(PreauthRequired, encode(sequence(k.reply().element()))))
	var asked *KDCError
	if !errors.As(err, &asked) || asked.Code != PreauthRequired {
		t.Fatalf("no demand: %v", err)
	}
	if how, ok := asked.KeyInfo(k.client, Enctypes(false)); !ok || how != (KeyInfo{18, "salt", ""}) {
		t.Errorf("the key is made as %+v, %v", how, ok)
	}
	k.request, err = k.request.Proving(testKey(2), asked, fastNow)
	if err != nil {
		t.Fatal(err)
	}
	k.nonce, k.list = k.request.nonce, nil
	if _, err := k.ask(k.asRep()); err != nil {
		t.Errorf("after the proof: %v", err)
	}
}

// TestFASTRefused has answers that are not protected, or not for this request: none of
// them is a yes or a no.
func TestFASTRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fastKDC)
		code   int32 // 0: with a ticket
	}{
		"open yes":            {func(k *fastKDC) { k.open = true }, 0},
		"another nonce":       {func(k *fastKDC) { k.nonce++ }, 0},
		"another client":      {func(k *fastKDC) { k.client.Name = []string{"mallory"} }, 0},
		"another realm":       {func(k *fastKDC) { k.client.Realm = "OTHER.TEST" }, 0},
		"another ticket":      {func(k *fastKDC) { k.sum = make([]byte, 12) }, 0},
		"no checksum":         {func(k *fastKDC) { k.sum = []byte{} }, 0},
		"unfinished":          {func(k *fastKDC) { k.unended = true }, 0},
		"open no":             {func(k *fastKDC) { k.open = true }, 24},
		"no of another time":  {func(k *fastKDC) { k.nonce++ }, 24},
		"key of another time": {func(k *fastKDC) { k.request.armor.key = testKey(7) }, 24},
	} {
		k := newFastKDC(t)
		real := *k.request.armor
		if c.change(k); c.code != 0 {
			k.list = []paData{{paFXError, krbError(c.code, nil)}}
		}
		answer := k.asRep()
		if c.code != 0 {
			data := encode(sequence(k.reply().element()))
			if k.open {
				data = nil
			}
			answer = krbError(c.code, data)
		}
		k.request.armor = &real
		got, err := k.ask(answer)
		var refused *KDCError
		if !errors.Is(err, ErrUnprotected) || errors.As(err, &refused) || !reflect.DeepEqual(got, Credential{}) {
			t.Errorf("%s: %s, %v", name, got.Client, err)
		}
	}
}

// FuzzFASTResponse reads what only the KDC can say: nothing makes it panic, and what is
// believed is of this request.
func FuzzFASTResponse(f *testing.F) {
	k := newFastKDC(f)
	good := encode(sequence(field(0, sequence()), field(1, key(testKey(3))), field(3, integer(int64(k.nonce)))))
	if _, err := k.request.armor.open([]paData{k.replyOf(good)}, k.nonce); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(encode(sequence(field(0, sequence(paData{paFXError, krbError(24, nil)}.element())), field(3, integer(int64(k.nonce))))))
	f.Fuzz(func(t *testing.T, plain []byte) {
		list := []paData{k.replyOf(plain)}
		r, err := k.request.armor.open(list, k.nonce)
		if err != nil && !reflect.DeepEqual(r, fastResponse{}) {
			t.Errorf("%+v, %v", r, err)
		}
		if _, again := k.request.armor.open(list, k.nonce+1); again == nil && err == nil {
			t.Error("a response to two requests")
		}
	})
}

// FuzzFASTReply reads what anybody may send.
func FuzzFASTReply(f *testing.F) {
	k := newFastKDC(f)
	f.Add(k.reply().value)
	f.Fuzz(func(t *testing.T, value []byte) {
		a := *k.request.armor
		a.key = testKey(8)
		if _, err := a.open([]paData{{paFXFast, value}}, k.nonce); err == nil {
			t.Error("believed without the key")
		}
	})
}
