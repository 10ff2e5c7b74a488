package initiator

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/spnego"
)

// Credential is a ticket and what its holder must know to use it. It may be used
// from several goroutines.
type Credential struct {
	Ticket  Ticket
	Session types.EncryptionKey
	Client  Principal
	EndTime time.Time // of the ticket
}

// Style is how a client logs in.
type Style struct {
	Raw    bool // without SPNEGO
	Mutual bool // the service is to authenticate itself as well
}

// Token returns the GSS token of a new login at that time. No two are the same.
func (c Credential) Token(at time.Time, s Style) ([]byte, error) {
	apReq, err := c.apReq(at, s.Mutual)
	if err != nil {
		return nil, err
	}
	token := spnego.MechToken{Mech: spnego.KRB5, ID: spnego.APReq, Body: apReq}.Append(nil)
	if s.Raw {
		return token, nil
	}
	return spnego.Init{MechTypes: []spnego.OID{spnego.KRB5}, MechToken: token}.Append(nil), nil
}

// A bit of an AP-REQ's options (RFC 4120 section 5.5.1), and a flag of GSS-API
// (RFC 4121 section 4.1.1.1).
const (
	optionMutual = 2
	gssMutual    = 2
)

func (c Credential) apReq(at time.Time, mutual bool) ([]byte, error) {
	req := APReq{Version: version, Ticket: c.Ticket}
	var gss uint32
	if mutual {
		req.Options, gss = []int{optionMutual}, gssMutual
	}
	auth := c.authenticator(at)
	auth.Cksum, auth.SeqNumber = GSSChecksum(gss), int64(nonce())
	var err error
	req.Authenticator, err = encrypt(MarshalAuthenticator(auth), c.Session, keyusage.AP_REQ_AUTHENTICATOR, 0)
	return req.Marshal(), err
}

// GSSChecksum returns the checksum that carries GSS flags (RFC 4121 section
// 4.1.1), with channel bindings of zeros.
func GSSChecksum(gss uint32) types.Checksum {
	b := binary.LittleEndian.AppendUint32(nil, 16)
	b = append(b, make([]byte, 16)...)
	return types.Checksum{CksumType: 0x8003, Checksum: binary.LittleEndian.AppendUint32(b, gss)}
}

// authenticator is the plain text, without checksum (RFC 4120 section 5.5.1).
func (c Credential) authenticator(at time.Time) types.Authenticator {
	return types.Authenticator{
		AVNO:   version,
		CRealm: c.Client.Realm, CName: types.PrincipalName{NameType: 1, NameString: c.Client.Name},
		CTime: at.Truncate(time.Second), Cusec: at.Nanosecond() / 1000,
	}
}

// nonce returns a number of 30 bits: some read such as signed.
func nonce() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:]) & 0x3fffffff
}
