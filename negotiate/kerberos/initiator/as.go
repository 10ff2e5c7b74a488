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
}

// NewASRequest asks the KDC of the client's realm, and proves nothing. The enctypes
// are what the client's key may be of, the best first.
func NewASRequest(client Principal, enctypes []int32, now time.Time) ASRequest {
	return newASRequest(client, enctypes, nil, now)
}

func newASRequest(client Principal, enctypes []int32, proof []paData, now time.Time) ASRequest {
	r := ASRequest{client: client, enctypes: enctypes, nonce: nonce()}
	var list []element
	for _, p := range proof {
		list = append(list, p.element())
	}
	r.Message = encode(application(typeASReq,
		field(1, integer(version)),
		field(2, integer(typeASReq)),
		optional(3, list != nil, sequence(list...)),
		field(4, kdcReqBody(name(1, client.Name), TGS(client.Realm, client.Realm), nil, r.nonce, enctypes, now))))
	return r
}

// Proving asks again, and proves by an encrypted timestamp that the client knows its
// key (RFC 4120 section 5.2.7.2). asked is the KDC's demand, of which a cookie is
// returned; it may be nil.
func (r ASRequest) Proving(key types.EncryptionKey, asked *KDCError, now time.Time) (ASRequest, error) {
	stamp := encode(sequence(
		field(0, kerberosTime(now)),
		field(1, integer(int64(now.Nanosecond()/1000)))))
	enc, err := encrypt(stamp, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, 0)
	if err != nil {
		return ASRequest{}, err
	}
	proof := []paData{{paEncTimestamp, encode(encrypted(enc))}}
	if asked != nil {
		if cookie := find(readMethodData(asked.data), paFXCookie); cookie != nil { // RFC 6113 section 5.2
			proof = append(proof, paData{paFXCookie, cookie})
		}
	}
	return newASRequest(r.client, r.enctypes, proof, now), nil
}

// Credential reads the KDC's answer. keyOf is called once with how the key is made
// that the answer is encrypted with; known is how a key was made before, which holds
// where the answer says nothing else. The error is a *KDCError if the KDC said no, and
// ErrKey if the key does not fit.
func (r ASRequest) Credential(answer []byte, known KeyInfo, keyOf func(KeyInfo) (types.EncryptionKey, error)) (Credential, error) {
	if der.IsApplication(answer, typeError) {
		return Credential{}, readKDCError(answer)
	}
	rep, err := readASRep(answer)
	switch {
	case err != nil:
		return Credential{}, err
	case rep.client.Realm != r.client.Realm || !slices.Equal(rep.client.Name, r.client.Name):
		return Credential{}, fmt.Errorf("the ticket is of %q", rep.client)
	case !slices.Contains(r.enctypes, rep.enc.EType):
		return Credential{}, fmt.Errorf("the answer is encrypted with %s, which was not asked for", EnctypeName(rep.enc.EType))
	}
	key, err := keyOf(rep.keyInfo(known))
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
	if realm, leads := got.Leads(); !leads || realm != r.client.Realm || got.Ticket.SRealm != r.client.Realm {
		return Credential{}, errNoAnswer
	}
	got.Ticket.Version, got.Ticket.Enc, got.Client = rep.ticket.Version, rep.ticket.Enc, rep.client
	return got, nil
}

// asRep is an AS-REP (RFC 4120 section 5.4.2).
type asRep struct {
	proof  []paData
	client Principal
	ticket Ticket
	enc    types.EncryptedData
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
	r.ticket, err = ParseTicket(m.Field(5))
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
