package gss

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/spnego"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 250_001_000, time.UTC)

// credential is a ticket with a session key of that type.
func credential(t testing.TB, etype int32) initiator.Credential {
	t.Helper()
	size := map[int32]int{etypeID.AES256_CTS_HMAC_SHA1_96: 32}[etype]
	key := types.EncryptionKey{KeyType: etype, KeyValue: bytes.Repeat([]byte{7}, max(size, 16))}
	c, err := initiator.Forge(initiator.ServiceKey{
		Principal: initiator.Principal{Name: []string{"ldap", "dc1.example.org"}, Realm: "EXAMPLE.ORG"}, Kvno: 1, Key: key,
	}, initiator.Principal{Name: []string{"admin"}, Realm: "EXAMPLE.ORG"}, now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// acceptor is the service's side, by gokrb5 as far as that goes.
type acceptor struct {
	auth   types.Authenticator
	key    types.EncryptionKey // of messages
	number uint64
	flags  byte
}

// accept reads a login and answers it, with a subkey of its own or without.
func accept(t testing.TB, c initiator.Credential, token []byte, own bool) (*acceptor, []byte) {
	t.Helper()
	framed, err := spnego.ParseMechToken(token)
	if err != nil || framed.ID != spnego.APReq {
		t.Fatal(framed.ID, err)
	}
	var req messages.APReq
	if err := req.Unmarshal(framed.Body); err != nil {
		t.Fatal(err)
	}
	plain, err := crypto.DecryptEncPart(req.EncryptedAuthenticator, c.Session, keyusage.AP_REQ_AUTHENTICATOR)
	if err != nil {
		t.Fatal(err)
	}
	a := &acceptor{number: 1<<32 - 1, flags: sentByAcceptor}
	if err := a.auth.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	a.key = a.auth.SubKey
	part := encAPRepPart{CTime: a.auth.CTime, Cusec: a.auth.Cusec, Seq: -1}
	if own {
		a.key = types.EncryptionKey{KeyType: c.Session.KeyType, KeyValue: bytes.Repeat([]byte{9}, len(c.Session.KeyValue))}
		a.flags |= acceptorSubkey
		part.Subkey = encryptionKey{int(a.key.KeyType), a.key.KeyValue}
	}
	return a, answer(t, c.Session, part)
}

func answer(t testing.TB, session types.EncryptionKey, part encAPRepPart) []byte {
	t.Helper()
	plain, err1 := asn1.MarshalWithParams(part, "application,explicit,tag:27")
	enc, err2 := crypto.GetEncryptedData(plain, session, keyusage.AP_REP_ENCPART, 0)
	rep, err3 := asn1.MarshalWithParams(apRep{5, 15, encryptedData{EType: int(enc.EType), Cipher: enc.Cipher}}, "application,explicit,tag:15")
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return spnego.MechToken{Mech: spnego.KRB5, ID: spnego.APRep, Body: rep}.Append(nil)
}

// sign returns a signed message, rotated.
func (a *acceptor) sign(t testing.TB, message string, rrc int) []byte {
	t.Helper()
	w := gssapi.WrapToken{Flags: a.flags, EC: 12, SndSeqNum: a.number, Payload: []byte(message)}
	if err := w.SetCheckSum(a.key, keyusage.GSSAPI_ACCEPTOR_SEAL); err != nil {
		t.Fatal(err)
	}
	b, err := w.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	a.number++
	return rotated(b, rrc)
}

// seal returns an encrypted message with a filler, rotated.
func (a *acceptor) seal(t testing.TB, message string, filler, rrc int) []byte {
	t.Helper()
	e, err := crypto.GetEtype(a.key.KeyType)
	if err != nil {
		t.Fatal(err)
	}
	h := binary.BigEndian.AppendUint16([]byte{5, 4, a.flags | sealed, 0xff}, uint16(filler))
	h = binary.BigEndian.AppendUint64(append(h, 0, 0), a.number)
	plain := append(append([]byte(message), make([]byte, filler)...), h...)
	_, cipher, err := e.EncryptMessage(a.key.KeyValue, plain, keyusage.GSSAPI_ACCEPTOR_SEAL)
	if err != nil {
		t.Fatal(err)
	}
	a.number++
	return rotated(append(h, cipher...), rrc)
}

// rotated turns what follows the header to the right, and says so in it.
func rotated(token []byte, rrc int) []byte {
	binary.BigEndian.PutUint16(token[6:], uint16(rrc))
	body := token[headerSize:]
	at := len(body) - rrc%len(body)
	return append(token[:headerSize:headerSize], append(bytes.Clone(body[at:]), body[:at]...)...)
}

// TestLogin holds what is sent, and what is protected, against RFC 4121.
func TestLogin(t *testing.T) {
	for _, etype := range []int32{etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.AES256_CTS_HMAC_SHA1_96} {
		for _, own := range []bool{false, true} {
			c := credential(t, etype)
			bindings := bindingsOf([]byte("channel"))
			ctx, token, err := Begin(c, now, Sealed, bindings)
			if err != nil {
				t.Fatal(err)
			}
			a, reply := accept(t, c, token, own)
			sum := a.auth.Cksum.Checksum
			if a.auth.Cksum.CksumType != 0x8003 || len(sum) != 24 || !bytes.Equal(sum[4:20], bindings[:]) || binary.LittleEndian.Uint32(sum[20:]) != 0x3e {
				t.Errorf("checksum %x", sum)
			}
			if err := ctx.Finish(reply); err != nil {
				t.Fatal(err)
			}
			for rrc, message := range []string{"", "one", "two"} {
				signed := a.sign(t, message, 28*rrc)
				if got, sealed, err := ctx.Unwrap(signed); err != nil || sealed || string(got) != message {
					t.Errorf("%q: %q, %v, %v", message, got, sealed, err)
				}
				if got, sealed, err := ctx.Unwrap(a.seal(t, message, 3*rrc, 28*rrc)); err != nil || !sealed || string(got) != message {
					t.Errorf("%q: %q, %v, %v", message, got, sealed, err)
				}
				if _, _, err := ctx.Unwrap(signed); err == nil {
					t.Error("a message is taken twice")
				}
			}
			a.mustRead(t, ctx, c)
		}
	}
}

// mustRead reads the client's messages.
func (a *acceptor) mustRead(t *testing.T, ctx *Context, c initiator.Credential) {
	t.Helper()
	const message = "a request"
	signed, err := ctx.Wrap([]byte(message), false)
	var w gssapi.WrapToken
	if err == nil {
		err = w.Unmarshal(signed, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := w.Verify(a.key, keyusage.GSSAPI_INITIATOR_SEAL); !ok || string(w.Payload) != message ||
		w.Flags != a.flags&^sentByAcceptor || w.SndSeqNum != uint64(a.auth.SeqNumber) {
		t.Errorf("signed: %+v, %v", w, err)
	}
	token, err := ctx.Wrap([]byte(message), true)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := decrypt(a.key, token[headerSize:], keyusage.GSSAPI_INITIATOR_SEAL)
	if want := message + string(token[:headerSize]); err != nil || string(plain) != want || binary.BigEndian.Uint64(token[8:]) != uint64(a.auth.SeqNumber)+1 {
		t.Errorf("sealed: %q, want %q, %v", plain, want, err)
	}
}

// TestRefused: only the service's own answer finishes a login, and only AES does.
func TestRefused(t *testing.T) {
	c := credential(t, etypeID.AES256_CTS_HMAC_SHA1_96)
	ctx, token, err := Begin(c, now, 0, Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	a, good := accept(t, c, token, false)
	other := credential(t, etypeID.AES256_CTS_HMAC_SHA1_96)
	late := encAPRepPart{CTime: a.auth.CTime.Add(time.Second), Cusec: a.auth.Cusec}
	weak := encAPRepPart{CTime: a.auth.CTime, Cusec: a.auth.Cusec, Subkey: encryptionKey{int(etypeID.RC4_HMAC), make([]byte, 16)}}
	for name, reply := range map[string][]byte{
		"nothing":     nil,
		"the request": token,
		"cut short":   good[:len(good)-1],
		"another key": answer(t, other.Session, encAPRepPart{CTime: a.auth.CTime, Cusec: a.auth.Cusec}),
		"other time":  answer(t, c.Session, late),
		"weak subkey": answer(t, c.Session, weak),
	} {
		if err := ctx.Finish(reply); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if err := ctx.Finish(good); err != nil {
		t.Error(err)
	}
	if _, _, err := Begin(credential(t, etypeID.RC4_HMAC), now, 0, Bindings{}); !errors.Is(err, errRC4) {
		t.Error(err)
	}
}

// TestBindings: the structure of RFC 4121 section 4.1.1.2, whose MD5 was computed by
// other means, and the hash of RFC 5929 section 4.1.
func TestBindings(t *testing.T) {
	sum := sha256.Sum256([]byte("certificate"))
	got := ServerEndPoint(&x509.Certificate{Raw: []byte("certificate"), SignatureAlgorithm: x509.SHA1WithRSA})
	if want := "a8398e96473163fef6cae76013e8ab5a"; hex.EncodeToString(got[:]) != want || got != bindingsOf(append([]byte("tls-server-end-point:"), sum[:]...)) {
		t.Errorf("%x, want %s", got, want)
	}
	stronger := ServerEndPoint(&x509.Certificate{Raw: []byte("certificate"), SignatureAlgorithm: x509.ECDSAWithSHA384})
	if stronger == got || stronger == (Bindings{}) {
		t.Errorf("%x", stronger)
	}
	if b := ServerEndPoint(&x509.Certificate{SignatureAlgorithm: x509.PureEd25519}); b != (Bindings{}) {
		t.Errorf("%x", b)
	}
}

// FuzzUnwrap: of all messages only those that the service sent are taken.
func FuzzUnwrap(f *testing.F) {
	c := credential(f, etypeID.AES256_CTS_HMAC_SHA1_96)
	ctx, token, err := Begin(c, now, Sealed, Bindings{})
	if err != nil {
		f.Fatal(err)
	}
	a, reply := accept(f, c, token, true)
	if err := ctx.Finish(reply); err != nil {
		f.Fatal(err)
	}
	first := *ctx
	signed := a.sign(f, "message", 0)
	a.number--
	sealed := a.seal(f, "message", 2, 28)
	for _, seed := range [][]byte{signed, sealed} {
		again := first
		if _, _, err := again.Unwrap(seed); err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		again := first
		message, _, err := again.Unwrap(token)
		if err == nil && string(message) != "message" {
			t.Errorf("%x is %q", token, message)
		}
		again = first
		if again.Finish(token) == nil {
			t.Errorf("%x finishes a login", token)
		}
	})
}
