package spnego

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
)

// Kind is what a Negotiate token is at first sight.
type Kind byte

// The kinds of token that clients send under the name of Negotiate.
const (
	Unknown  Kind = iota
	Initial       // NegTokenInit or NegTokenInit2: ParseInit
	Response      // NegTokenResp: ParseResp
	Kerberos      // a framed Kerberos token without SPNEGO: ParseMechToken
	NTLMSSP       // an NTLM message without SPNEGO, as Windows sends outside a domain
)

// String returns the kind in words for the log.
func (k Kind) String() string {
	switch k {
	case Initial:
		return "SPNEGO initial token"
	case Response:
		return "SPNEGO response token"
	case Kerberos:
		return "raw Kerberos token"
	case NTLMSSP:
		return "raw NTLM message"
	}
	return "unknown token"
}

// ntlmSignature begins every NTLM message, [MS-NLMP] 2.2.1.
var ntlmSignature = []byte("NTLMSSP\x00")

// Classify says which parser a token is for. It looks at the first bytes only:
// the parser may still refuse the token.
func Classify(token []byte) Kind {
	if bytes.HasPrefix(token, ntlmSignature) {
		return NTLMSSP
	}
	if len(token) > 0 && token[0] == byte(context(1)) { // RFC 4178 section 4.2
		return Response
	}
	switch mech := peekMech(token); {
	case mech == SPNEGO:
		return Initial
	case mech.framesTokenID():
		return Kerberos
	}
	return Unknown
}

// peekMech returns the mechanism that the framing of RFC 2743 section 3.1 names,
// whatever length the framing claims.
func peekMech(token []byte) OID {
	s := cryptobyte.String(token)
	var tag, length uint8
	if !s.ReadUint8(&tag) || tag != byte(tagFrame) || !s.ReadUint8(&length) {
		return ""
	}
	if length > 0x80 && !s.Skip(int(length&0x7f)) {
		return ""
	}
	mech, _ := readOID(&s)
	return mech
}
