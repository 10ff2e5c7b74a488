package identity

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The packet form of a SID, [MS-DTYP] section 2.4.2.2: revision, number of
// subauthorities, identifier authority (big-endian), subauthorities.
const (
	sidRevision = 1
	sidHeader   = 8  // bytes before the subauthorities
	maxSubs     = 15 // subauthorities
)

var errSIDText = errors.New("not a SID, such as S-1-5-21-1-2-3-513")

// SID is a Windows security identifier. SIDs are comparable; the zero SID is
// none.
type SID struct {
	packet string
}

// ParseSID reads the string form, [MS-DTYP] section 2.4.2.1.
func ParseSID(s string) (SID, error) {
	part := strings.Split(s, "-")
	if len(part) < 3 || len(part) > 3+maxSubs || !strings.EqualFold(part[0], "S") || part[1] != "1" {
		return SID{}, errSIDText
	}
	authority, err := parseAuthority(part[2])
	if err != nil {
		return SID{}, err
	}
	packet := []byte{sidRevision, byte(len(part) - 3)}
	for shift := 40; shift >= 0; shift -= 8 {
		packet = append(packet, byte(authority>>shift))
	}
	for _, p := range part[3:] {
		sub, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return SID{}, errSIDText
		}
		packet = binary.LittleEndian.AppendUint32(packet, uint32(sub))
	}
	return SID{string(packet)}, nil
}

// parseAuthority reads an identifier authority: decimal below 2³², with 0x and
// twelve hexadecimal digits otherwise.
func parseAuthority(s string) (uint64, error) {
	base, bits := 10, 32
	if len(s) == 14 && strings.EqualFold(s[:2], "0x") {
		s, base, bits = s[2:], 16, 48
	}
	v, err := strconv.ParseUint(s, base, bits)
	if err != nil {
		return 0, errSIDText
	}
	return v, nil
}

// String returns the string form, such as S-1-5-21-1-2-3-513, and nothing for
// the zero SID.
func (s SID) String() string {
	if s.IsZero() {
		return ""
	}
	authority, rest := uint64(0), []byte(s.packet[sidHeader:])
	for _, b := range []byte(s.packet[2:sidHeader]) {
		authority = authority<<8 | uint64(b)
	}
	b := make([]byte, 0, 64)
	if authority < 1<<32 {
		b = strconv.AppendUint(append(b, "S-1-"...), authority, 10)
	} else {
		b = fmt.Appendf(b, "S-1-0x%012X", authority)
	}
	for ; len(rest) > 0; rest = rest[4:] {
		b = strconv.AppendUint(append(b, '-'), uint64(binary.LittleEndian.Uint32(rest)), 10)
	}
	return string(b)
}

// Binary returns the packet form, which negotiate_kerberos_auth reports as
// group= in base64.
func (s SID) Binary() []byte { return []byte(s.packet) }

// IsZero tells whether there is no SID.
func (s SID) IsZero() bool { return s == SID{} }

// Subauthorities is their number; the last of them is the relative ID.
func (s SID) Subauthorities() int {
	if s.IsZero() {
		return 0
	}
	return int(s.packet[1])
}

// CutSID takes the SID in packet form that data begins with, and keeps its bytes
// in memory. It returns the zero SID if there is none.
func CutSID(data string) SID {
	if len(data) < sidHeader || data[0] != sidRevision || data[1] > maxSubs {
		return SID{}
	}
	size := sidHeader + 4*int(data[1])
	if len(data) < size {
		return SID{}
	}
	return SID{data[:size]}
}

// Child returns the SID of a relative ID in domain s, the zero SID when there
// cannot be one.
func (s SID) Child(rid uint32) SID {
	children := s.Children(1, func(int) uint32 { return rid })
	if children == nil {
		return SID{}
	}
	return children[0]
}

// Children returns the SIDs of n relative IDs in domain s, which share one string;
// nil when there cannot be any.
func (s SID) Children(n int, rid func(i int) uint32) []SID {
	if s.IsZero() || s.Subauthorities() == maxSubs || n == 0 {
		return nil
	}
	base := s.packet[:1] + string([]byte{s.packet[1] + 1}) + s.packet[2:]
	size := len(base) + 4
	children := make([]SID, n)
	var all strings.Builder
	all.Grow(n * size)
	for i := range children {
		all.WriteString(base)
		for r, n := rid(i), 0; n < 4; r, n = r>>8, n+1 {
			all.WriteByte(byte(r))
		}
		children[i] = SID{all.String()[i*size:]}
	}
	return children
}
