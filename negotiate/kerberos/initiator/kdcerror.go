package initiator

import (
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"squidauth/negotiate/kerberos/internal/der"
)

// KDCError is a KDC's refusal: a KRB-ERROR (RFC 4120 section 5.9.1). Nothing protects
// it, so it may also be of somebody in between, unless it came in FAST.
type KDCError struct {
	Code int32
	Text string    // e-text: any bytes
	Time time.Time // the KDC's clock

	data    []byte // e-data
	armored bool   // it came protected by FAST
}

// Error implements error. It leaves out Text, which is the network's.
func (e *KDCError) Error() string { return fmt.Sprintf("Kerberos error %d", e.Code) }

func readKDCError(message []byte) error {
	m := der.Application(message, typeError)
	m.Skip(0, 1, 2, 3)
	e := &KDCError{Time: m.Time(4)}
	m.Skip(5)
	e.Code = m.Int32(6)
	m.Skip(7, 8, 9, 10)
	if m.Has(11) {
		e.Text = m.Text(11)
	}
	if m.Has(12) {
		e.data = m.Octets(12)
	}
	if m.Broken {
		return errMalformed
	}
	return e
}

// Error codes of KDCs (RFC 4120 section 7.5.9).
const (
	ClientUnknown   = 6
	PreauthRequired = 25

	serviceUnavailable = 29
)

// IsUnavailable reports whether an answer says that the KDC cannot answer now, so that
// another may.
func IsUnavailable(answer []byte) bool {
	e, ok := readKDCError(answer).(*KDCError)
	return ok && e.Code == serviceUnavailable
}

// Status returns the NTSTATUS with which a domain controller says more than Code does
// (KERB-ERROR-DATA, [MS-KILE] section 2.2.2), or 0.
func (e *KDCError) Status() uint32 {
	list := cryptobyte.String(e.data)
	if !list.PeekASN1Tag(asn1.SEQUENCE) {
		return 0
	}
	item := list // Windows sends one KERB-ERROR-DATA, Samba a list of them
	one := der.Element(&item)
	if one.Has(1) {
		return extendedStatus(readPAData(one))
	}
	for _, pa := range readMethodData(list) {
		if s := extendedStatus(pa); s != 0 {
			return s
		}
	}
	return 0
}

// extendedStatus reads KERB_EXT_ERROR: the status and eight bytes more. Its type is
// the number that PA-PW-SALT has.
func extendedStatus(pa paData) uint32 {
	const size = 12
	if pa.kind != paPWSalt || len(pa.value) != size {
		return 0
	}
	return binary.LittleEndian.Uint32(pa.value)
}
