package krbtest

import (
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/adtype"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
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

	initiator.EncTicketPart
}

// NewTicket returns a ticket of Client for Service, for ten hours around Now.
func NewTicket(enctype int32) Ticket {
	return Ticket{
		SName: components(Service), SRealm: Realm, Kvno: Kvno, Key: ServiceKey(enctype),
		EncTicketPart: initiator.EncTicketPart{
			Session: Key(enctype, "session"), CRealm: Realm, CName: []string{Client},
			AuthTime: AuthTime(), StartTime: AuthTime(), EndTime: AuthTime().Add(10 * time.Hour),
		},
	}
}

// AuthTime is when the client logged in.
func AuthTime() time.Time { return Now.Add(-time.Hour).Truncate(time.Second) }

func components(principal string) []string { return strings.Split(principal, "/") }

// Seal encrypts the ticket.
func (t Ticket) Seal() Sealed { return t.SealBytes(t.Marshal()) }

// SealBytes puts any bytes in place of the ticket's content.
func (t Ticket) SealBytes(plain []byte) Sealed {
	return Sealed{Version: 5, SRealm: t.SRealm, SName: t.SName, Enc: encrypt(plain, t.Key, keyusage.KDC_REP_TICKET, t.Kvno)}
}

// Sealed is a ticket as the client holds it.
type Sealed = initiator.Ticket

func encrypt(plain []byte, k types.EncryptionKey, usage uint32, kvno int) types.EncryptedData {
	e, err := crypto.GetEncryptedData(plain, k, usage, kvno)
	check(err)
	return e
}

// IfRelevant wraps authorization data as KDCs do.
func IfRelevant(data ...types.AuthorizationDataEntry) types.AuthorizationDataEntry {
	return types.AuthorizationDataEntry{ADType: adtype.ADIfRelevant, ADData: initiator.MarshalAuthData(data)}
}

// WithPAC returns the authorization data of a ticket with that PAC.
func WithPAC(pac []byte) types.AuthorizationData {
	return types.AuthorizationData{IfRelevant(types.AuthorizationDataEntry{ADType: adtype.ADWin2KPAC, ADData: pac})}
}
