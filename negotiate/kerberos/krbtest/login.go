package krbtest

import (
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/spnego"
)

// Bits of an AP-REQ's options (RFC 4120 section 5.5.1), and a flag of GSS-API
// (RFC 4121 section 4.1.1.1).
const (
	OptionUseSessionKey = 1
	OptionMutual        = 2

	GSSMutual = 2
)

// A Login is what a client makes of a ticket for one request.
type Login struct {
	Ticket  Ticket
	Auth    types.Authenticator // CTime in seconds, Cusec beside it
	Options []int

	// Sealed is sent if it is set, in place of a newly encrypted Ticket.
	Sealed *Sealed
	// AuthCipher is sent if it is not nil, in place of Auth.
	AuthCipher []byte
	// Version is that of the AP-REQ; 0 means 5.
	Version int64
}

// NewLogin returns a login with a ticket of that type.
func NewLogin(enctype int32) Login { return NewTicket(enctype).Login() }

// Login returns a login with the ticket.
func (t Ticket) Login() Login {
	auth := types.Authenticator{AVNO: 5, CRealm: t.CRealm, CName: types.PrincipalName{NameType: 1, NameString: t.CName}, SeqNumber: 77}
	auth.Cksum = GSSChecksum(0)
	l := Login{Ticket: t, Auth: auth}
	l.SetTime(Now)
	return l
}

// SetTime sets the time of the authenticator.
func (l *Login) SetTime(t time.Time) {
	l.Auth.CTime, l.Auth.Cusec = t.Truncate(time.Second), t.Nanosecond()/1000
}

// GSSChecksum returns the checksum that carries GSS flags.
func GSSChecksum(gss uint32) types.Checksum { return initiator.GSSChecksum(gss) }

// APReq returns the AP-REQ (RFC 4120 section 5.5.1). Two calls differ, as every
// encryption does.
func (l Login) APReq() []byte {
	sealed := l.Sealed
	if sealed == nil {
		s := l.Ticket.Seal()
		sealed = &s
	}
	version := l.Version
	if version == 0 {
		version = 5
	}
	return initiator.APReq{Version: version, Options: l.Options, Ticket: *sealed, Authenticator: l.Encrypted()}.Marshal()
}

// Encrypted returns the encrypted authenticator.
func (l Login) Encrypted() types.EncryptedData {
	if l.AuthCipher != nil {
		return types.EncryptedData{EType: l.Ticket.Session.KeyType, Cipher: l.AuthCipher}
	}
	return l.EncryptBytes(initiator.MarshalAuthenticator(l.Auth))
}

// Plain returns ticket and authenticator before they are encrypted.
func (l Login) Plain() (ticket, authenticator []byte) {
	return l.Ticket.Marshal(), initiator.MarshalAuthenticator(l.Auth)
}

// EncryptBytes puts any bytes in place of the authenticator's content.
func (l Login) EncryptBytes(plain []byte) types.EncryptedData {
	return encrypt(plain, l.Ticket.Session, keyusage.AP_REQ_AUTHENTICATOR, 0)
}

// Token returns the AP-REQ as a GSS token of the mechanism.
func (l Login) Token(mech spnego.OID) []byte {
	return spnego.MechToken{Mech: mech, ID: spnego.APReq, Body: l.APReq()}.Append(nil)
}

// Init returns the SPNEGO token that offers the mechanisms and holds the AP-REQ.
func (l Login) Init(mechs ...spnego.OID) []byte {
	return spnego.Init{MechTypes: mechs, MechToken: l.Token(spnego.KRB5)}.Append(nil)
}

// User is whom the login is of: user@REALM.
func (l Login) User() string { return strings.Join(l.Ticket.CName, "/") + "@" + l.Ticket.CRealm }
