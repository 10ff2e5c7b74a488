package initiator

import (
	"time"

	"github.com/jcmturner/gokrb5/v8/types"
)

const (
	version = 5 // of Kerberos

	// Numbers of messages, which are also those of their [APPLICATION] tags (RFC
	// 4120 section 5.10).
	typeTicket        = 1
	typeAuthenticator = 2
	typeEncTicketPart = 3
	typeASReq         = 10
	typeASRep         = 11
	typeTGSReq        = 12
	typeTGSRep        = 13
	typeAPReq         = 14
	typeEncASRepPart  = 25
	typeEncTGSRepPart = 26
	typeError         = 30
)

// EncTicketPart is what a KDC says in a ticket (RFC 4120 section 5.3).
type EncTicketPart struct {
	Flags     []int // the bits that are set
	Session   types.EncryptionKey
	CRealm    string
	CName     []string
	Transited string
	AuthTime  time.Time
	StartTime time.Time // zero: absent, as is RenewTill
	EndTime   time.Time
	RenewTill time.Time
	CAddr     []types.HostAddress // nil: absent, as is AuthData
	AuthData  types.AuthorizationData
}

// Marshal returns the DER encoding, which is to be encrypted.
func (p EncTicketPart) Marshal() []byte {
	return encode(application(typeEncTicketPart,
		field(0, flags(p.Flags)),
		field(1, key(p.Session)),
		field(2, general(p.CRealm)),
		field(3, name(1, p.CName)),
		field(4, sequence(field(0, integer(1)), field(1, octets([]byte(p.Transited))))),
		field(5, kerberosTime(p.AuthTime)),
		optional(6, !p.StartTime.IsZero(), kerberosTime(p.StartTime)),
		field(7, kerberosTime(p.EndTime)),
		optional(8, !p.RenewTill.IsZero(), kerberosTime(p.RenewTill)),
		optional(9, p.CAddr != nil, addresses(p.CAddr)),
		optional(10, p.AuthData != nil, authorization(p.AuthData))))
}

// MarshalAuthData returns the DER encoding of authorization data (RFC 4120
// section 5.2.6).
func MarshalAuthData(data types.AuthorizationData) []byte { return encode(authorization(data)) }

// Ticket is a ticket as the client holds it (RFC 4120 section 5.3): sealed.
type Ticket struct {
	Version int64
	SRealm  string
	SName   []string
	Enc     types.EncryptedData
}

// String says what the ticket is for, and which key of the service opens it.
func (t Ticket) String() string {
	return describe(Principal{t.SName, t.SRealm}, uint32(t.Enc.KVNO), t.Enc.EType)
}

// Marshal returns the DER encoding, as caches hold it.
func (t Ticket) Marshal() []byte { return encode(t.element()) }

func (t Ticket) element() element {
	return application(typeTicket,
		field(0, integer(t.Version)),
		field(1, general(t.SRealm)),
		field(2, name(2, t.SName)),
		field(3, encrypted(t.Enc)))
}

// MarshalAuthenticator returns the DER encoding of an authenticator (RFC 4120
// section 5.5.1), which is to be encrypted. CTime counts in seconds.
func MarshalAuthenticator(a types.Authenticator) []byte {
	return encode(application(typeAuthenticator,
		field(0, integer(int64(a.AVNO))),
		field(1, general(a.CRealm)),
		field(2, name(a.CName.NameType, a.CName.NameString)),
		optional(3, a.Cksum.Checksum != nil, sequence(
			field(0, integer(int64(a.Cksum.CksumType))),
			field(1, octets(a.Cksum.Checksum)))),
		field(4, integer(int64(a.Cusec))),
		field(5, kerberosTime(a.CTime)),
		optional(6, a.SubKey.KeyType != 0, key(a.SubKey)),
		optional(7, a.SeqNumber != 0, integer(a.SeqNumber)),
		optional(8, a.AuthorizationData != nil, authorization(a.AuthorizationData))))
}

// APReq is an AP-REQ (RFC 4120 section 5.5.1).
type APReq struct {
	Version       int64
	Options       []int // the bits that are set
	Ticket        Ticket
	Authenticator types.EncryptedData
}

// Marshal returns the DER encoding.
func (r APReq) Marshal() []byte {
	return encode(application(typeAPReq,
		field(0, integer(r.Version)),
		field(1, integer(typeAPReq)),
		field(2, flags(r.Options)),
		field(3, r.Ticket.element()),
		field(4, encrypted(r.Authenticator))))
}
