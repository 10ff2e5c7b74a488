package initiator

import (
	"fmt"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"

	"squidauth/negotiate/kerberos/internal/enctype"
)

const paEncTimestamp = 2 // RFC 4120 section 5.2.7.2

// Login asks the KDC of the key's realm for a ticket-granting ticket of the key's
// principal, which shows by the time that it has the key (RFC 4120 section 3.1.1).
func (k ServiceKey) Login(now time.Time) (Request, error) {
	r := Request{service: TGS(k.Principal.Realm, k.Principal.Realm), nonce: nonce()}
	at := now.UTC()
	stamp := encode(sequence(
		field(0, kerberosTime(at)),
		field(1, integer(int64(at.Nanosecond()/1000)))))
	proof, err := encrypt(stamp, k.Key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, 0)
	if err != nil {
		return Request{}, err
	}
	wanted := []element{integer(int64(k.Key.KeyType))} // also of the answer, which nothing else opens
	for _, id := range enctype.All() {
		if id != k.Key.KeyType {
			wanted = append(wanted, integer(int64(id)))
		}
	}
	body := sequence(
		field(0, flags(nil)),
		field(1, name(1, k.Principal.Name)),
		field(2, general(k.Principal.Realm)),
		field(3, name(nameInstance, r.service.Name)),
		field(5, kerberosTime(now.Add(requestedLife))),
		field(7, integer(int64(r.nonce))),
		field(8, sequence(wanted...)))
	r.Message = encode(application(typeASReq,
		field(1, integer(version)),
		field(2, integer(typeASReq)),
		field(3, sequence(sequence(field(1, integer(paEncTimestamp)), field(2, octets(encode(encrypted(proof))))))),
		field(4, body)))
	return r, nil
}

// LoginCredential reads the KDC's answer to a request that Login made with the key.
// The error is a *KDCError if the KDC said no.
func (r Request) LoginCredential(answer []byte, k ServiceKey) (Credential, error) {
	c, err := r.read(answer, typeASRep, k.Principal, k.Key, keyusage.AS_REP_ENCPART)
	if err != nil {
		return Credential{}, err
	}
	if got := (Principal{c.Ticket.SName, c.Ticket.SRealm}); got.String() != r.service.String() {
		return Credential{}, fmt.Errorf("the ticket is for %q", got)
	}
	return c, nil
}
