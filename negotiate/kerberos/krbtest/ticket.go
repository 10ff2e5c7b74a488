package krbtest

import (
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/adtype"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Bits of a ticket's flags (RFC 4120 section 5.3).
const (
	FlagInvalid          = 7
	FlagTransitedChecked = 12
)

// A Ticket is what a KDC puts into one.
type Ticket struct {
	SName  []string
	SRealm string
	Kvno   int
	Key    types.EncryptionKey // encrypts the ticket

	Flags     []int
	Session   types.EncryptionKey
	CRealm    string
	CName     []string
	Transited string
	AuthTime  time.Time
	StartTime time.Time // zero: absent, as are the next two
	EndTime   time.Time
	RenewTill time.Time
	CAddr     []types.HostAddress
	AuthData  types.AuthorizationData
}

// NewTicket returns a ticket of Client for Service, for ten hours around Now.
func NewTicket(enctype int32) Ticket {
	return Ticket{
		SName: components(Service), SRealm: Realm, Kvno: Kvno, Key: ServiceKey(enctype),
		Session: Key(enctype, "session"), CRealm: Realm, CName: []string{Client},
		AuthTime: AuthTime(), StartTime: AuthTime(), EndTime: AuthTime().Add(10 * time.Hour),
	}
}

// AuthTime is when the client logged in.
func AuthTime() time.Time { return Now.Add(-time.Hour).Truncate(time.Second) }

func components(principal string) []string { return strings.Split(principal, "/") }

// part is EncTicketPart (RFC 4120 section 5.3).
func (t Ticket) part() []byte {
	return encode(application(3,
		field(0, flags(t.Flags)),
		field(1, key(t.Session)),
		field(2, general(t.CRealm)),
		field(3, name(1, t.CName)),
		field(4, sequence(field(0, integer(1)), field(1, octets([]byte(t.Transited))))),
		field(5, kerberosTime(t.AuthTime)),
		optional(6, !t.StartTime.IsZero(), kerberosTime(t.StartTime)),
		field(7, kerberosTime(t.EndTime)),
		optional(8, !t.RenewTill.IsZero(), kerberosTime(t.RenewTill)),
		optional(9, t.CAddr != nil, addresses(t.CAddr)),
		optional(10, t.AuthData != nil, authorization(t.AuthData))))
}

// Seal encrypts the ticket.
func (t Ticket) Seal() Sealed { return t.SealBytes(t.part()) }

// SealBytes puts any bytes in place of the ticket's content.
func (t Ticket) SealBytes(plain []byte) Sealed {
	return Sealed{Version: 5, SRealm: t.SRealm, SName: t.SName, Enc: encrypt(plain, t.Key, keyusage.KDC_REP_TICKET, t.Kvno)}
}

// Sealed is a ticket as the client holds it.
type Sealed struct {
	Version int64
	SRealm  string
	SName   []string
	Enc     types.EncryptedData
}

func (s Sealed) der() der {
	return application(1,
		field(0, integer(s.Version)),
		field(1, general(s.SRealm)),
		field(2, name(2, s.SName)),
		field(3, encrypted(s.Enc)))
}

func encrypt(plain []byte, k types.EncryptionKey, usage uint32, kvno int) types.EncryptedData {
	e, err := crypto.GetEncryptedData(plain, k, usage, kvno)
	check(err)
	return e
}

// IfRelevant wraps authorization data as KDCs do.
func IfRelevant(data ...types.AuthorizationDataEntry) types.AuthorizationDataEntry {
	return types.AuthorizationDataEntry{ADType: adtype.ADIfRelevant, ADData: encode(authorization(data))}
}

// WithPAC returns the authorization data of a ticket with that PAC.
func WithPAC(pac []byte) types.AuthorizationData {
	return types.AuthorizationData{IfRelevant(types.AuthorizationDataEntry{ADType: adtype.ADWin2KPAC, ADData: pac})}
}
