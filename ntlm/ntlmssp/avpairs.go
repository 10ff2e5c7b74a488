package ntlmssp

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"
)

// AVID says what the value of an AVPair is, [MS-NLMP] section 2.2.2.1.
type AVID uint16

// The AvIds.
const (
	AvEOL             AVID = 0 // ends a list; never in an AVPairs
	AvNbComputerName  AVID = 1
	AvNbDomainName    AVID = 2
	AvDNSComputerName AVID = 3
	AvDNSDomainName   AVID = 4
	AvDNSTreeName     AVID = 5
	AvFlags           AVID = 6
	AvTimestamp       AVID = 7
	AvSingleHost      AVID = 8
	AvTargetName      AVID = 9
	AvChannelBindings AVID = 10
)

// avFlagMIC is the bit of MsvAvFlags, in its first byte, that says that AUTHENTICATE has a MIC.
const avFlagMIC = 0x2

// Lengths of lists. The specification knows ten pairs.
const (
	usualPairs = 8
	maxPairs   = 64
)

var errPairs = errors.New("the list of names in the message is broken")

// AVPair is one attribute. Names are in UTF-16LE whatever the flags are.
type AVPair struct {
	ID    AVID
	Value []byte
}

// AVPairs is a list of attributes without the MsvAvEOL at its end.
type AVPairs []AVPair

// Name returns the pair of a name.
func Name(id AVID, name string) AVPair { return AVPair{id, appendUTF16(nil, name)} }

// Timestamp returns the pair of the server's time.
func Timestamp(t time.Time) AVPair {
	return AVPair{AvTimestamp, binary.LittleEndian.AppendUint64(nil, FileTime(t))}
}

// Get returns the value of the first pair with that AvId.
func (p AVPairs) Get(id AVID) ([]byte, bool) {
	for _, pair := range p {
		if pair.ID == id {
			return pair.Value, true
		}
	}
	return nil, false
}

// HasMIC reports whether the pairs of a response say that its message has a MIC. One
// of them that does is enough: others may come from a challenge that somebody
// changed on the way.
func (p AVPairs) HasMIC() bool {
	return slices.ContainsFunc(p, func(pair AVPair) bool {
		return pair.ID == AvFlags && len(pair.Value) > 0 && pair.Value[0]&avFlagMIC != 0
	})
}

// WithMIC returns the pairs and an MsvAvFlags that says that there is a MIC.
func (p AVPairs) WithMIC() AVPairs {
	return append(p[:len(p):len(p)], AVPair{AvFlags, []byte{avFlagMIC, 0, 0, 0}})
}

// Append appends the list and its end. Values longer than 65535 bytes are left out.
func (p AVPairs) Append(dst []byte) []byte {
	for _, pair := range p {
		if len(pair.Value) > math.MaxUint16 {
			continue
		}
		dst = binary.LittleEndian.AppendUint16(dst, uint16(pair.ID))
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(pair.Value)))
		dst = append(dst, pair.Value...)
	}
	return append(dst, 0, 0, 0, 0)
}

// parseAVPairs reads a list up to its end. Clients put anything behind that.
func parseAVPairs(b []byte) (AVPairs, error) {
	pairs := make(AVPairs, 0, usualPairs)
	for len(b) >= 4 {
		id, size := AVID(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
		if id == AvEOL {
			return pairs, nil
		}
		b = b[4:]
		if size > len(b) || len(pairs) == maxPairs {
			break
		}
		pairs = append(pairs, AVPair{id, b[:size:size]})
		b = b[size:]
	}
	return nil, errPairs
}

// FileTime counts 100 ns since 1601, [MS-DTYP] section 2.3.3.
func FileTime(t time.Time) uint64 {
	const from1601to1970 = 11644473600 // seconds
	return uint64(t.Unix()+from1601to1970)*1e7 + uint64(t.Nanosecond()/100)
}
