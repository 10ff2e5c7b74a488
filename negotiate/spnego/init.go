package spnego

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

const (
	// maxMechTypes bounds the mechanisms of a NegTokenInit. Windows lists five,
	// MIT and Heimdal up to ten with plug-ins.
	maxMechTypes = 32
	// maxReqFlags is the length of a BIT STRING's content that has 32 bits, the
	// size of ContextFlags in RFC 4178 section 4.2.1.
	maxReqFlags = 1 + 4
)

// Init is the token that opens a negotiation: the NegTokenInit of RFC 4178
// section 4.2.1, or with NegHints the NegTokenInit2 of [MS-SPNG] 2.2.1. In each
// optional field nil means absent, and empty means present with no content.
type Init struct {
	// MechTypes are the client's mechanisms, its favourite first. A token has at
	// least one. Windows puts NegoEx or NTLM before Kerberos if it has no ticket.
	MechTypes []OID
	// ReqFlags is the content of a BIT STRING, at most five octets. Nothing
	// protects it, and RFC 4178 section 4.2.1 says to ignore it.
	ReqFlags []byte
	// MechToken is the first token of MechTypes[0].
	MechToken []byte
	// NegHints is the content of the hints. Acceptors send them, and they say
	// nothing: "not_defined_in_RFC4178@please_ignore". [MS-SPNG] 3.2.5 says to
	// ignore those of a client.
	NegHints []byte
	// MechListMIC is a MIC of MechTypeList. It is in [3], or in [4] with NegHints.
	MechListMIC []byte
}

// ParseInit parses a NegTokenInit or NegTokenInit2 in its framing.
func ParseInit(token []byte) (Init, error) {
	mech, inner, ok := readFrame(token)
	if !ok || mech != SPNEGO { // RFC 4178 section 3, RFC 2743 section 3.1
		return Init{}, malformed("framing of the initial token")
	}
	s, ok := readChoice(inner, 0)
	if !ok {
		return Init{}, malformed("NegTokenInit")
	}
	var i Init
	if i.MechTypes, ok = readMechTypes(&s); !ok {
		return Init{}, malformed("mechTypes")
	}
	if i.ReqFlags, ok = readReqFlags(&s); !ok {
		return Init{}, malformed("reqFlags")
	}
	if i.MechToken, ok = readField(&s, 2, asn1.OCTET_STRING); !ok {
		return Init{}, malformed("mechToken")
	}
	if !i.readMIC(&s) {
		return Init{}, malformed("negHints or mechListMIC")
	}
	if !s.Empty() { // a field unknown, out of order or twice
		return Init{}, malformed("NegTokenInit: unexpected field")
	}
	return i, nil
}

// readMechTypes reads RFC 4178 section 4.2.1's "one or more" mechanisms.
func readMechTypes(s *cryptobyte.String) ([]OID, bool) {
	content, ok := readField(s, 0, asn1.SEQUENCE)
	if !ok || len(content) == 0 {
		return nil, false
	}
	list := cryptobyte.String(content)
	mechs := make([]OID, 0, 4)
	for !list.Empty() {
		mech, ok := readOID(&list)
		if !ok || len(mechs) == maxMechTypes {
			return nil, false
		}
		mechs = append(mechs, mech)
	}
	return mechs, true
}

// readReqFlags reads the flags. Only the length is checked: nobody looks further.
func readReqFlags(s *cryptobyte.String) ([]byte, bool) {
	content, ok := readField(s, 1, asn1.BIT_STRING)
	if content != nil && (len(content) == 0 || len(content) > maxReqFlags) {
		return nil, false
	}
	return content, ok
}

// readMIC reads the end of the token, where the two forms differ: [3] is the
// mechListMIC, or it is the negHints and [4] the mechListMIC.
func (i *Init) readMIC(s *cryptobyte.String) (ok bool) {
	beforeField := *s
	if i.MechListMIC, ok = readField(s, 3, asn1.OCTET_STRING); ok {
		return true // RFC 4178 section 4.2.1
	}
	*s = beforeField
	if i.NegHints, ok = readField(s, 3, asn1.SEQUENCE); !ok {
		return false
	}
	i.MechListMIC, ok = readField(s, 4, asn1.OCTET_STRING) // [MS-SPNG] 2.2.1
	return ok
}

// Append appends the token to dst, in its framing.
func (i Init) Append(dst []byte) []byte {
	b := cryptobyte.NewBuilder(dst)
	addFrame(b, SPNEGO, func(b *cryptobyte.Builder) { addChoice(b, 0, i.addFields) })
	return b.BytesOrPanic() // more than 4 GiB is the one error
}

func (i Init) addFields(b *cryptobyte.Builder) {
	b.AddASN1(context(0), i.addMechTypes)
	addField(b, 1, asn1.BIT_STRING, i.ReqFlags)
	addField(b, 2, asn1.OCTET_STRING, i.MechToken)
	tagMIC := uint8(3)
	if i.NegHints != nil {
		addField(b, 3, asn1.SEQUENCE, i.NegHints)
		tagMIC = 4
	}
	addField(b, tagMIC, asn1.OCTET_STRING, i.MechListMIC)
}

func (i Init) addMechTypes(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, mech := range i.MechTypes {
			addOID(b, mech)
		}
	})
}

// MechTypeList returns the DER encoding of the mechanisms, which is what a
// mechListMIC is a MIC of, RFC 4178 section 5. After ParseInit these are the
// bytes that were received, since only DER is read; they are a copy.
func (i Init) MechTypeList() []byte {
	b := cryptobyte.NewBuilder(nil)
	i.addMechTypes(b)
	return b.BytesOrPanic()
}
