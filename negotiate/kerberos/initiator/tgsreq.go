package initiator

import (
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"

	"squidauth/negotiate/kerberos/internal/enctype"
)

const (
	optionCanonicalize = 15 // of a KDC-REQ (RFC 6806 section 5): referrals are welcome

	nameInstance = 2 // name types (RFC 4120 section 6.2): krbtgt and the like
	nameHost     = 3 // a service of a host

	// requestedLife is more than tickets live. A KDC gives what it will.
	requestedLife = 24 * time.Hour
)

// Request is a request for a ticket.
type Request struct {
	Message []byte // the TGS-REQ

	service Principal
	nonce   uint32
}

// Request asks the realm's KDC for a ticket for the service (RFC 4120 section
// 3.3.1). The credential is a ticket-granting ticket for that realm.
func (c Credential) Request(service Principal, now time.Time) (Request, error) {
	r := Request{service: service, nonce: nonce()}
	body := r.body(now)
	sum, err := checksum(encode(body), c.Session, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR_CHKSUM)
	if err != nil {
		return Request{}, err
	}
	auth := c.authenticator(now)
	auth.Cksum = sum
	enc, err := encrypt(MarshalAuthenticator(auth), c.Session, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR, 0)
	if err != nil {
		return Request{}, err
	}
	apReq := APReq{Version: version, Ticket: c.Ticket, Authenticator: enc}.Marshal()
	r.Message = encode(application(typeTGSReq,
		field(1, integer(version)),
		field(2, integer(typeTGSReq)),
		field(3, sequence(paData{paTGSReq, apReq}.element())),
		field(4, body)))
	return r, nil
}

// body is the part of the request that its checksum is over.
func (r Request) body(now time.Time) element {
	return kdcReqBody(nil, r.service, []int{optionCanonicalize}, r.nonce, enctype.All(), now)
}

// kdcReqBody is KDC-REQ-BODY (RFC 4120 section 5.4.1). The client stands in it in an
// AS-REQ only; nil: absent. The enctypes are those of a session key, and of what the
// client's key encrypts.
func kdcReqBody(client element, service Principal, options []int, nonce uint32, enctypes []int32, now time.Time) element {
	kind := int32(nameHost)
	if isTGS(service.Name) {
		kind = nameInstance
	}
	var wanted []element
	for _, id := range enctypes {
		wanted = append(wanted, integer(int64(id)))
	}
	return sequence(
		field(0, flags(options)),
		optional(1, client != nil, client),
		field(2, general(service.Realm)),
		field(3, name(kind, service.Name)),
		field(5, kerberosTime(now.Add(requestedLife))),
		field(7, integer(int64(nonce))),
		field(8, sequence(wanted...)))
}

// isTGS says whether the name is that of a ticket-granting service: krbtgt and
// the realm that it is for.
func isTGS(name []string) bool { return len(name) == 2 && name[0] == "krbtgt" }

// TGS is the ticket-granting service of the KDC of the realm at, for another or
// the same realm.
func TGS(realm, at string) Principal {
	return Principal{Name: []string{"krbtgt", realm}, Realm: at}
}

// Leads returns the realm to whose KDC a ticket-granting ticket leads. Other
// tickets lead nowhere.
func (c Credential) Leads() (realm string, ok bool) {
	if !isTGS(c.Ticket.SName) {
		return "", false
	}
	return c.Ticket.SName[1], true
}
