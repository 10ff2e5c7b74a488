package initiator

import (
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/der"
	"squidauth/negotiate/kerberos/internal/enctype"
)

// ErrUnprotected says that an answer is not protected by FAST, as it should be: it is
// of somebody in between, or of a KDC that does not know FAST, or not the ticket that
// was used for it.
var ErrUnprotected = errors.New("the answer is not protected by FAST")

// Types of pre-authentication data, and key usages, of RFC 6113 sections 5.4 and 7.
const (
	paFXFast             = 136
	paFXError            = 137
	paEncryptedChallenge = 138

	usageFastChecksum    = 50
	usageFastRequest     = 51
	usageFastReply       = 52
	usageFastFinished    = 53
	usageClientChallenge = 54

	armorAPRequest = 1
)

// armor protects one exchange with a KDC by a key that only the KDC and the owner of
// the armor ticket know.
type armor struct {
	apReq []byte
	key   types.EncryptionKey
}

// newArmor makes an armor of type FX_FAST_ARMOR_AP_REQUEST (RFC 6113 section 5.4.1.1).
func newArmor(tgt Credential, now time.Time) (*armor, error) {
	if !enctype.Usable(tgt.Session) {
		return nil, errUnusable(tgt.Session)
	}
	subkey := types.EncryptionKey{KeyType: tgt.Session.KeyType, KeyValue: make([]byte, len(tgt.Session.KeyValue))}
	_, _ = rand.Read(subkey.KeyValue) // never fails
	auth := tgt.authenticator(now)
	auth.SubKey = subkey
	enc, err := encrypt(MarshalAuthenticator(auth), tgt.Session, keyusage.AP_REQ_AUTHENTICATOR, 0)
	if err != nil {
		return nil, err
	}
	key, err := combine(subkey, tgt.Session, "subkeyarmor", "ticketarmor")
	if err != nil {
		return nil, err
	}
	return &armor{apReq: APReq{Version: version, Ticket: tgt.Ticket, Authenticator: enc}.Marshal(), key: key}, nil
}

// protect wraps the pre-authentication data of a request, and the body with it
// (PA-FX-FAST-REQUEST).
func (a *armor) protect(list []paData, body element) (paData, error) {
	sum, err := checksum(encode(body), a.key, usageFastChecksum)
	if err != nil {
		return paData{}, err
	}
	request := encode(sequence(
		field(0, flags(nil)),
		field(1, sequence(elements(list)...)),
		field(2, body)))
	enc, err := encrypt(request, a.key, usageFastRequest, 0)
	if err != nil {
		return paData{}, err
	}
	return paData{paFXFast, encode(field(0, sequence(
		field(0, sequence(field(0, integer(armorAPRequest)), field(1, octets(a.apReq)))),
		field(1, sequence(field(0, integer(int64(sum.CksumType))), field(1, octets(sum.Checksum)))),
		field(2, encrypted(enc)))))}, nil
}

// challenge proves that the client knows its key (PA-ENCRYPTED-CHALLENGE, RFC 6113
// section 5.4.6).
func (a *armor) challenge(key types.EncryptionKey, stamp []byte) (paData, error) {
	k, err := combine(a.key, key, "clientchallengearmor", "challengelongterm")
	if err != nil {
		return paData{}, err
	}
	enc, err := encrypt(stamp, k, usageClientChallenge, 0)
	return paData{paEncryptedChallenge, encode(encrypted(enc))}, err
}

// fastResponse is a KrbFastResponse (RFC 6113 section 5.4.3).
type fastResponse struct {
	list       []paData
	strengthen types.EncryptionKey // without a value: absent
	finished   *fastFinished       // nil: absent
}

type fastFinished struct {
	client Principal
	ticket types.Checksum
}

// open reads the response in an answer's pre-authentication data (PA-FX-FAST-REPLY).
func (a *armor) open(list []paData, nonce uint32) (fastResponse, error) {
	reply := der.Choice(find(list, paFXFast), 0)
	enc := reply.Encrypted(0)
	if reply.Broken {
		return fastResponse{}, ErrUnprotected
	}
	plain, err := decrypt(enc, a.key, usageFastReply)
	if err != nil {
		return fastResponse{}, ErrUnprotected
	}
	m := der.Sequence(plain)
	r := fastResponse{list: readPAList(m.List(0))}
	if m.Has(1) {
		r.strengthen = m.Key(1)
	}
	if m.Has(2) {
		r.finished = readFinished(&m)
	}
	if echoed := m.Integer(3); m.Broken || echoed != int64(nonce) {
		return fastResponse{}, ErrUnprotected
	}
	return r, nil
}

func readFinished(m *der.Fields) *fastFinished {
	inner := m.Sequence(2)
	inner.Skip(0, 1)
	f := &fastFinished{client: Principal{Realm: inner.Text(2), Name: inner.Name(3)}}
	sum := inner.Sequence(4)
	f.ticket = types.Checksum{CksumType: sum.Int32(0), Checksum: sum.Octets(1)}
	m.Broken = m.Broken || inner.Broken || sum.Broken
	return f
}

// refusal returns the refusal that an unprotected one stands for.
func (a *armor) refusal(outer *KDCError, nonce uint32) error {
	r, err := a.open(readMethodData(outer.data), nonce)
	if err != nil {
		return errors.Join(err, errors.New(outer.Error()))
	}
	inner, ok := readKDCError(find(r.list, paFXError)).(*KDCError)
	if !ok {
		return errMalformed
	}
	inner.armored, inner.data = true, encode(sequence(elements(r.list)...))
	return inner
}

// unwrap takes what is protected of an AS-REP in the place of what is not, and holds
// the rest against it.
func (a *armor) unwrap(rep *asRep, nonce uint32) error {
	r, err := a.open(rep.proof, nonce)
	if err != nil {
		return err
	}
	if r.finished == nil {
		return ErrUnprotected
	}
	want, err := checksum(rep.rawTicket, a.key, usageFastFinished)
	if err != nil {
		return err
	}
	got := r.finished
	if got.ticket.CksumType != want.CksumType || !hmac.Equal(got.ticket.Checksum, want.Checksum) ||
		got.client.Realm != rep.client.Realm || !slices.Equal(got.client.Name, rep.client.Name) {
		return ErrUnprotected
	}
	rep.proof, rep.strengthen = r.list, r.strengthen
	return nil
}
