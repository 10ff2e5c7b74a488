package spnego

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// State is the negState of a NegTokenResp. The zero State is none, not a yes.
type State byte

// The states of RFC 4178 section 4.2.2, whose numbers there are one less.
const (
	NoState State = iota
	AcceptCompleted
	AcceptIncomplete
	Reject
	RequestMIC
)

// String returns the state as RFC 4178 spells it.
func (s State) String() string {
	switch s {
	case AcceptCompleted:
		return "accept-completed"
	case AcceptIncomplete:
		return "accept-incomplete"
	case Reject:
		return "reject"
	case RequestMIC:
		return "request-mic"
	}
	return "none"
}

// Resp is the NegTokenResp of RFC 4178 section 4.2.2: every token after the
// first, of either side. All fields are optional, and a Resp with none of them
// parses: it is for the negotiation to miss one. In the byte slices nil means
// absent, and empty means present with no content.
type Resp struct {
	State         State
	SupportedMech OID    // the acceptor's choice, in its first answer only
	ResponseToken []byte // of the mechanism chosen
	MechListMIC   []byte // a MIC of Init.MechTypeList
}

// ParseResp parses a NegTokenResp. It has no framing, RFC 4178 section 4.2.
func ParseResp(token []byte) (Resp, error) {
	s, ok := readChoice(token, 1)
	if !ok {
		return Resp{}, malformed("NegTokenResp")
	}
	var r Resp
	if r.State, ok = readState(&s); !ok {
		return Resp{}, malformed("negState")
	}
	if r.SupportedMech, ok = readSupportedMech(&s); !ok {
		return Resp{}, malformed("supportedMech")
	}
	if r.ResponseToken, ok = readField(&s, 2, asn1.OCTET_STRING); !ok {
		return Resp{}, malformed("responseToken")
	}
	if r.MechListMIC, ok = readField(&s, 3, asn1.OCTET_STRING); !ok {
		return Resp{}, malformed("mechListMIC")
	}
	if !s.Empty() { // a field unknown, out of order or twice
		return Resp{}, malformed("NegTokenResp: unexpected field")
	}
	if r.ResponseToken != nil && bytes.Equal(r.ResponseToken, r.MechListMIC) {
		r.MechListMIC = nil // Windows 2000 repeats the token: that is no MIC
	}
	return r, nil
}

func readState(s *cryptobyte.String) (State, bool) {
	content, ok := readField(s, 0, asn1.ENUM)
	if !ok || content == nil {
		return NoState, ok
	}
	if len(content) != 1 || content[0] >= byte(RequestMIC) {
		return NoState, false
	}
	return State(content[0] + 1), true
}

func readSupportedMech(s *cryptobyte.String) (OID, bool) {
	var field cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&field, &present, context(1)) {
		return "", false
	}
	if !present {
		return "", true
	}
	mech, ok := readOID(&field)
	return mech, ok && field.Empty()
}

// Append appends the token to dst. A State that is none of the four is left out.
func (r Resp) Append(dst []byte) []byte {
	b := cryptobyte.NewBuilder(dst)
	addChoice(b, 1, r.addFields)
	return b.BytesOrPanic() // more than 4 GiB is the one error
}

func (r Resp) addFields(b *cryptobyte.Builder) {
	if r.State != NoState && r.State <= RequestMIC {
		addField(b, 0, asn1.ENUM, []byte{byte(r.State) - 1})
	}
	if r.SupportedMech != "" {
		b.AddASN1(context(1), func(b *cryptobyte.Builder) { addOID(b, r.SupportedMech) })
	}
	addField(b, 2, asn1.OCTET_STRING, r.ResponseToken)
	addField(b, 3, asn1.OCTET_STRING, r.MechListMIC)
}
