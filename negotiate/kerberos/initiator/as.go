package initiator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/der"
)

// ErrKey says that the client's key does not open the KDC's answer.
var ErrKey = errors.New("the client's key does not open the answer")

// ASRequest is a request for a ticket-granting ticket (RFC 4120 section 3.1).
type ASRequest struct {
	Message []byte // the AS-REQ

	client   Principal
	enctypes []int32
	nonce    uint32
	armor    *armor // nil: the exchange is not protected
}

// NewASRequest asks the KDC of the client's realm, and proves nothing. The enctypes
// are what the client's key may be of, the best first.
func NewASRequest(client Principal, enctypes []int32, now time.Time) ASRequest {
	r := ASRequest{client: client, enctypes: enctypes}
	body := r.body(now)
	r.Message = r.encode(nil, body)
	return r
}

// NewArmoredASRequest asks likewise, protected by FAST (RFC 6113 section 5.4): nobody
// but the KDC can read what is proved, or answer. The armor is a ticket-granting ticket
// of somebody else, of the same realm.
func NewArmoredASRequest(client Principal, enctypes []int32, tgt Credential, now time.Time) (ASRequest, error) {
	a, err := newArmor(tgt, now)
	if err != nil {
		return ASRequest{}, err
	}
	return ASRequest{client: client, enctypes: enctypes, armor: a}.with(nil, now)
}

// with returns the request anew, with pre-authentication data.
func (r ASRequest) with(list []paData, now time.Time) (ASRequest, error) {
	body := r.body(now)
	if r.armor != nil {
		protected, err := r.armor.protect(list, body)
		if err != nil {
			return ASRequest{}, err
		}
		list = []paData{protected}
	}
	r.Message = r.encode(list, body)
	return r, nil
}

// body has a nonce of its own.
func (r *ASRequest) body(now time.Time) element {
	r.nonce = nonce()
	return kdcReqBody(name(1, r.client.Name), TGS(r.client.Realm, r.client.Realm), nil, r.nonce, r.enctypes, now)
}

func (r *ASRequest) encode(list []paData, body element) []byte {
	return encode(application(typeASReq,
		field(1, integer(version)),
		field(2, integer(typeASReq)),
		optional(3, list != nil, sequence(elements(list)...)),
		field(4, body)))
}

// Proving asks again, and proves by an encrypted timestamp that the client knows its
// key (RFC 4120 section 5.2.7.2, RFC 6113 section 5.4.6). asked is the KDC's demand, of
// which a cookie is returned; it may be nil.
func (r ASRequest) Proving(key types.EncryptionKey, asked *KDCError, now time.Time) (ASRequest, error) {
	proof, err := r.proof(key, now)
	if err != nil {
		return ASRequest{}, err
	}
	list := []paData{proof}
	if asked != nil {
		if cookie := find(readMethodData(asked.data), paFXCookie); cookie != nil { // RFC 6113 section 5.2
			list = append(list, paData{paFXCookie, cookie})
		}
	}
	return r.with(list, now)
}

func (r ASRequest) proof(key types.EncryptionKey, now time.Time) (paData, error) {
	stamp := encode(sequence(
		field(0, kerberosTime(now)),
		field(1, integer(int64(now.Nanosecond()/1000)))))
	if r.armor != nil {
		return r.armor.challenge(key, stamp)
	}
	enc, err := encrypt(stamp, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, 0)
	return paData{paEncTimestamp, encode(encrypted(enc))}, err
}

// Credential reads the KDC's answer. keyOf is called once with how the key is made
// that the answer is encrypted with; known is how a key was made before, which holds
// where the answer says nothing else. The error is a *KDCError if the KDC said no, and
// ErrKey if the key does not fit; ErrUnprotected if it should be protected and is not.
func (r ASRequest) Credential(answer []byte, known KeyInfo, keyOf func(KeyInfo) (types.EncryptionKey, error)) (Credential, error) {
	if der.IsApplication(answer, typeError) {
		return Credential{}, r.refusal(readKDCError(answer))
	}
	rep, err := readASRep(answer)
	if err == nil && r.armor != nil {
		err = r.armor.unwrap(&rep, r.nonce)
	}
	switch {
	case err != nil:
		return Credential{}, err
	case rep.client.Realm != r.client.Realm || !slices.Equal(rep.client.Name, r.client.Name):
		return Credential{}, fmt.Errorf("the ticket is of %q", rep.client)
	case !slices.Contains(r.enctypes, rep.enc.EType):
		return Credential{}, fmt.Errorf("the answer is encrypted with %s, which was not asked for", EnctypeName(rep.enc.EType))
	}
	key, err := keyOf(rep.keyInfo(known))
	if err == nil && rep.strengthen.KeyValue != nil { // RFC 6113 section 5.4.3
		key, err = combine(rep.strengthen, key, "strengthenkey", "replykey")
	}
	if err != nil {
		return Credential{}, err
	}
	plain, err := decrypt(rep.enc, key, keyusage.AS_REP_ENCPART)
	if err != nil {
		return Credential{}, ErrKey
	}
	got, err := readPart(plain, r.nonce)
	if err != nil {
		return Credential{}, err
	}
	if service := (Principal{got.Ticket.SName, got.Ticket.SRealm}); service.String() != TGS(r.client.Realm, r.client.Realm).String() {
		return Credential{}, fmt.Errorf("the ticket is for %q", service)
	}
	got.Ticket.Version, got.Ticket.Enc, got.Client = rep.ticket.Version, rep.ticket.Enc, rep.client
	return got, nil
}

func (r ASRequest) refusal(err error) error {
	if e, ok := err.(*KDCError); ok && r.armor != nil {
		return r.armor.refusal(e, r.nonce)
	}
	return err
}

// asRep is an AS-REP (RFC 4120 section 5.4.2).
type asRep struct {
	proof  []paData
	client Principal
	ticket Ticket
	enc    types.EncryptedData

	rawTicket  []byte
	strengthen types.EncryptionKey // of FAST; without a value: absent
}

func readASRep(message []byte) (asRep, error) {
	m := der.Application(message, typeASRep)
	if m.Integer(0) != version || m.Integer(1) != typeASRep {
		return asRep{}, errNoAnswer
	}
	var r asRep
	if m.Has(2) {
		r.proof = readPAList(m.List(2))
	}
	r.client.Realm, r.client.Name = m.Text(3), m.Name(4)
	var err error
	r.rawTicket = m.Field(5)
	r.ticket, err = ParseTicket(r.rawTicket)
	r.enc = m.Encrypted(6)
	if m.Broken || err != nil {
		return asRep{}, errMalformed
	}
	return r, nil
}

// keyInfo returns how the key of the encrypted part is made: as an ETYPE-INFO2 of one
// entry says (RFC 4120 section 5.2.7.5), else as known, else by default.
func (r asRep) keyInfo(known KeyInfo) KeyInfo {
	infos := readKeyInfos(find(r.proof, paETypeInfo2), r.client)
	switch {
	case len(infos) == 1 && infos[0].etype == r.enc.EType:
		return infos[0]
	case known.etype == r.enc.EType:
		return known
	}
	return DefaultKeyInfo(r.client, r.enc.EType)
}
