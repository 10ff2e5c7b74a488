package pac

import (
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

var (
	errSID     = errors.New("a SID is malformed")
	errSIDText = errors.New("pac: not a SID")
)

// SID is a Windows security identifier. SIDs are comparable; the zero SID is
// none. One that was parsed from a PAC keeps the PAC's bytes in memory.
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
		packet = appendUint32(packet, uint32(sub))
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
	c := cursor{data: s.packet, pos: 2}
	var authority uint64
	for _, b := range []byte(c.take(6)) {
		authority = authority<<8 | uint64(b)
	}
	b := make([]byte, 0, 64)
	if authority < 1<<32 {
		b = strconv.AppendUint(append(b, "S-1-"...), authority, 10)
	} else {
		b = fmt.Appendf(b, "S-1-0x%012X", authority)
	}
	for c.left() > 0 {
		b = strconv.AppendUint(append(b, '-'), uint64(c.uint32()), 10)
	}
	return string(b)
}

// Binary returns the packet form, which negotiate_kerberos_auth reports as
// group= in base64.
func (s SID) Binary() []byte { return []byte(s.packet) }

// IsZero tells whether there is no SID.
func (s SID) IsZero() bool { return s == SID{} }

// sid takes a SID in packet form.
func (c *cursor) sid() SID {
	from := c.pos
	head := c.take(sidHeader)
	if c.err != nil {
		return SID{}
	}
	if head[0] != sidRevision || head[1] > maxSubs {
		c.fail(errSID)
	}
	c.take(4 * int(head[1]))
	if c.err != nil {
		return SID{}
	}
	return SID{c.data[from:c.pos]}
}

// subs is the number of subauthorities.
func (s SID) subs() int {
	if s.IsZero() {
		return 0
	}
	return int(s.packet[1])
}

// base returns the packet form of a SID below s but for its last four bytes. It
// is not there when s is zero or has no room for a relative ID.
func (s SID) base() (string, bool) {
	if s.IsZero() || s.subs() == maxSubs {
		return "", false
	}
	return s.packet[:1] + string([]byte{s.packet[1] + 1}) + s.packet[2:], true
}

// child returns the SID of a relative ID in domain s, the zero SID when there
// cannot be one.
func (s SID) child(rid uint32) SID {
	base, ok := s.base()
	if !ok {
		return SID{}
	}
	return SID{string(appendUint32([]byte(base), rid))}
}

// appendUint32 appends v in little-endian order.
func appendUint32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}
