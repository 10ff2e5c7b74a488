package spnego

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// TokenID is the TOK_ID that begins a framed Kerberos token.
type TokenID uint16

// The token IDs of context establishment.
const (
	APReq    TokenID = 0x0100 // RFC 4121 section 4.1
	APRep    TokenID = 0x0200 // RFC 4121 section 4.1
	KRBError TokenID = 0x0300 // a KRB-ERROR, RFC 4121 section 4.1
	// TGTReq asks for the acceptor's own ticket. Windows begins user to user so.
	TGTReq TokenID = 0x0400 // draft-swift-win2k-krb-user2user
	TGTRep TokenID = 0x0401 // draft-swift-win2k-krb-user2user
	// IAKERBProxy carries a message for the KDC, which the acceptor is to relay.
	IAKERBProxy TokenID = 0x0501 // draft-ietf-kitten-iakerb
)

// String returns the message's name, or the number.
func (id TokenID) String() string {
	switch id {
	case APReq:
		return "AP-REQ"
	case APRep:
		return "AP-REP"
	case KRBError:
		return "KRB-ERROR"
	case TGTReq:
		return "TGT-REQ"
	case TGTRep:
		return "TGT-REP"
	case IAKERBProxy:
		return "IAKERB-PROXY"
	}
	return fmt.Sprintf("TOK_ID %04x", uint16(id))
}

// MechToken is a token of Kerberos in the framing of RFC 4121 section 4.1. It
// comes as the mechToken or responseToken of SPNEGO, or alone. The zero
// MechToken is none.
type MechToken struct {
	Mech OID     // KRB5, MSKRB5, KRB5U2U or IAKERB
	ID   TokenID // any: it is for the mechanism to refuse
	Body []byte  // the Kerberos message, not looked into
}

// ParseMechToken parses a framed token of a Kerberos mechanism.
func ParseMechToken(token []byte) (MechToken, error) {
	mech, s, ok := readFrame(token)
	if !ok {
		return MechToken{}, malformed("framing of the mechanism token")
	}
	if !mech.framesTokenID() {
		return MechToken{}, malformed("mechanism token: not of Kerberos")
	}
	var id uint16
	if !s.ReadUint16(&id) {
		return MechToken{}, malformed("mechanism token: no token ID")
	}
	return MechToken{Mech: mech, ID: TokenID(id), Body: s[:len(s):len(s)]}, nil
}

// Append appends the token to dst.
func (m MechToken) Append(dst []byte) []byte {
	b := cryptobyte.NewBuilder(dst)
	addFrame(b, m.Mech, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(m.ID))
		b.AddBytes(m.Body)
	})
	return b.BytesOrPanic() // more than 4 GiB is the one error
}

// framesTokenID says whether the mechanism's tokens begin with a TOK_ID. In other
// mechanisms the two octets would be something else.
func (o OID) framesTokenID() bool { return o.IsKerberos() || o == KRB5U2U || o == IAKERB }
