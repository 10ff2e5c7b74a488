package pac

import (
	"errors"
	"fmt"

	"squidauth/helper/identity"
)

// MaxSize is the length in bytes of the longest PAC that Parse reads. Kerberos
// clients of Windows send tickets of at most 64 KB; this leaves a margin, and
// keeps all sums below the range of a 32-bit int.
const MaxSize = 1 << 20

// The types of buffers, [MS-PAC] section 2.4. Others are skipped.
const (
	typeLogonInfo       = 1
	typeCredentials     = 2
	typeServerChecksum  = 6
	typeKDCChecksum     = 7
	typeClientInfo      = 10
	typeDelegation      = 11
	typeUPNInfo         = 12
	typeClientClaims    = 13
	typeDeviceInfo      = 14
	typeDeviceClaims    = 15
	typeTicketChecksum  = 16
	typeAttributes      = 17
	typeRequestor       = 18
	typeFullPACChecksum = 19
	typeEnd             = 20 // one more than the last
)

// Bits of PAC.Attributes, [MS-PAC] section 2.14.
const (
	PACWasRequested       = 1 << 0
	PACWasGivenImplicitly = 1 << 1
)

// A PAC is what Parse found. It may be read by several goroutines.
type PAC struct {
	// Logon is nil when there is no LOGON_INFO, as from MIT's KDC, or when it
	// is malformed.
	Logon *LogonInfo
	// UPN is nil when there is no UPN_DNS_INFO, or when it is malformed.
	UPN *UPNInfo
	// Client is nil when there is no CLIENT_INFO, or when it is malformed;
	// CheckClient fails then.
	Client *ClientInfo
	// Requestor is the SID of who asked for the ticket, the zero SID when there
	// is none ([MS-PAC] section 2.15).
	Requestor identity.SID
	// Attributes are the flags of ATTRIBUTES_INFO, zero when there is none.
	Attributes uint32
	// Malformed says which of these buffers could not be read, and why. Nil is
	// the normal case.
	Malformed error

	raw         string
	server, kdc span // signatures
}

// A span is a place in the PAC; the empty span is none.
type span struct {
	from, to int
}

// A directory says where the buffer of each known type is.
type directory [typeEnd]struct {
	span
	present bool
}

var (
	errTooLong   = errors.New("pac: the PAC is too long")
	errTruncated = errors.New("pac: the PAC is truncated")
	errVersion   = errors.New("pac: the PAC is of an unknown version")
	errOffset    = errors.New("pac: a buffer is not inside the PAC")
	errTwice     = errors.New("pac: a buffer is there twice")
)

// Parse reads a PAC, the contents of an AD-WIN2K-PAC. An error means that its
// directory is broken. A known buffer that cannot be read is reported in
// PAC.Malformed instead, so that a logon need not fail for want of groups. Parse
// keeps no reference to data.
func Parse(data []byte) (*PAC, error) {
	if len(data) > MaxSize {
		return nil, errTooLong
	}
	p := &PAC{raw: string(data)}
	dir, err := readDirectory(p.raw)
	if err != nil {
		return nil, err
	}
	p.server, p.kdc = dir[typeServerChecksum].span, dir[typeKDCChecksum].span
	p.read(dir)
	return p, nil
}

// readDirectory reads PACTYPE and PAC_INFO_BUFFER, [MS-PAC] sections 2.3 and
// 2.4. Of two buffers of one type the latter is to be ignored by section 2.4;
// like MIT's library it refuses both, as no KDC sends that.
func readDirectory(raw string) (*directory, error) {
	c := cursor{data: raw}
	n, version := c.uint32(), c.uint32()
	if c.err == nil && version != 0 {
		return nil, errVersion
	}
	if uint64(n)*16 > uint64(c.left()) {
		return nil, errTruncated
	}
	header := uint64(c.pos) + uint64(n)*16
	dir := new(directory)
	for range n {
		kind, size, offset := c.uint32(), uint64(c.uint32()), c.uint64()
		if s := c.section(offset, size); s.err != nil || offset < header || offset%8 != 0 {
			return nil, errOffset
		}
		if !isKnown(kind) {
			continue
		}
		if dir[kind].present {
			return nil, errTwice
		}
		dir[kind].present = true
		dir[kind].span = span{int(offset), int(offset + size)}
	}
	if c.err != nil {
		return nil, errTruncated
	}
	return dir, nil
}

func isKnown(kind uint32) bool {
	switch kind {
	case typeLogonInfo, typeCredentials, typeServerChecksum, typeKDCChecksum, typeClientInfo, typeDelegation,
		typeUPNInfo, typeClientClaims, typeDeviceInfo, typeDeviceClaims, typeTicketChecksum, typeAttributes,
		typeRequestor, typeFullPACChecksum:
		return true
	}
	return false
}

// read reads the buffers that we have a use for.
func (p *PAC) read(dir *directory) {
	buffers := []struct {
		kind int
		name string
		read func(*cursor)
	}{
		{typeLogonInfo, "LOGON_INFO", func(c *cursor) { p.Logon = readLogonInfo(c) }},
		{typeClientInfo, "CLIENT_INFO", func(c *cursor) { p.Client = readClientInfo(c) }},
		{typeUPNInfo, "UPN_DNS_INFO", func(c *cursor) { p.UPN = readUPNInfo(c) }},
		{typeAttributes, "ATTRIBUTES_INFO", func(c *cursor) { p.Attributes = readAttributes(c) }},
		{typeRequestor, "REQUESTOR", func(c *cursor) { p.Requestor = c.sid() }},
	}
	for _, b := range buffers {
		if d := dir[b.kind]; d.present {
			c := &cursor{data: p.raw[d.from:d.to]}
			b.read(c)
			if c.err != nil {
				p.malformed(fmt.Errorf("pac: %s: %w", b.name, c.err))
			}
		}
	}
}

// malformed adds to Malformed, on the same line.
func (p *PAC) malformed(err error) {
	if p.Malformed != nil {
		err = fmt.Errorf("%w; %w", p.Malformed, err)
	}
	p.Malformed = err
}

// readAttributes reads PAC_ATTRIBUTES_INFO, [MS-PAC] section 2.14, whose flags
// may grow beyond the first 32.
func readAttributes(c *cursor) uint32 {
	if bits := c.uint32(); bits < 32 {
		return c.uint32() & (1<<bits - 1)
	}
	return c.uint32()
}
