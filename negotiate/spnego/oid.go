package spnego

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// OID is an object identifier: the content octets of its DER encoding. The zero
// OID names no mechanism. OIDs compare with ==.
type OID string

// The mechanisms that clients of a proxy are known to name.
const (
	// KRB5 is 1.2.840.113554.1.2.2, Kerberos, RFC 1964 section 1.
	KRB5 OID = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
	// MSKRB5 is 1.2.840.48018.1.2.2: KRB5 with 16 bits of an arc cut off, by
	// Windows 2000 (RFC 4178 appendix C). Windows still lists it first, and frames
	// its token with KRB5; who listed it gets it back as supportedMech, [MS-SPNG]
	// 3.2.5.
	MSKRB5 OID = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
	// KRB5U2U is 1.2.840.113554.1.2.2.3, Kerberos user to user.
	KRB5U2U OID = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03"
	// IAKERB is 1.3.6.1.5.2.5, Kerberos with the acceptor as relay to the KDC.
	IAKERB OID = "\x2b\x06\x01\x05\x02\x05"
	// NegoEx is 1.3.6.1.4.1.311.2.2.30, [MS-NEGOEX].
	NegoEx OID = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e"
	// NTLM is 1.3.6.1.4.1.311.2.2.10, [MS-NLMP].
	NTLM OID = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
	// SPNEGO is 1.3.6.1.5.5.2, RFC 4178 section 3. It frames a NegTokenInit.
	SPNEGO OID = "\x2b\x06\x01\x05\x05\x02"
)

// maxOID is the length of the longest OID read, in octets. The mechanisms in use
// have at most 11; 64 is what Heimdal's acceptor has room for.
const maxOID = 64

// IsKerberos says whether the mechanism is Kerberos by either of its two names.
func (o OID) IsKerberos() bool { return o == KRB5 || o == MSKRB5 }

// String returns the mechanism's name, or the OID in dotted form.
func (o OID) String() string {
	switch o {
	case "":
		return "none"
	case KRB5:
		return "Kerberos"
	case MSKRB5:
		return "Kerberos (Microsoft)"
	case KRB5U2U:
		return "Kerberos (user to user)"
	case IAKERB:
		return "IAKERB"
	case NegoEx:
		return "NegoEx"
	case NTLM:
		return "NTLM"
	case SPNEGO:
		return "SPNEGO"
	}
	return o.dotted()
}

// dotted spells the OID in arcs. One that is no OID, or that has an arc of more
// than 63 bits, comes out in hexadecimal.
func (o OID) dotted() string {
	if !o.valid() {
		return fmt.Sprintf("OID %x", string(o))
	}
	var arcs []string
	var arc uint64
	for i := range len(o) {
		if arc >= 1<<56 {
			return fmt.Sprintf("OID %x", string(o))
		}
		arc = arc<<7 | uint64(o[i]&0x7f)
		if o[i] >= 0x80 {
			continue
		}
		if arcs == nil { // X.690 section 8.19.4: the first two arcs are one number
			top := min(arc/40, 2)
			arcs = append(arcs, strconv.FormatUint(top, 10))
			arc -= top * 40
		}
		arcs = append(arcs, strconv.FormatUint(arc, 10))
		arc = 0
	}
	return strings.Join(arcs, ".")
}

// valid checks X.690 section 8.19.2: each arc is whole and in the fewest octets.
func (o OID) valid() bool {
	start := true
	for i := range len(o) {
		if start && o[i] == 0x80 {
			return false
		}
		start = o[i] < 0x80
	}
	return start && o != "" && len(o) <= maxOID
}

// readOID reads an OBJECT IDENTIFIER.
func readOID(s *cryptobyte.String) (OID, bool) {
	var content cryptobyte.String
	if !s.ReadASN1(&content, asn1.OBJECT_IDENTIFIER) || len(content) > maxOID {
		return "", false
	}
	o := OID(content)
	return o, o.valid()
}

func addOID(b *cryptobyte.Builder, o OID) {
	b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(o)) })
}
