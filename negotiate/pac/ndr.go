package pac

import (
	"errors"

	"squidauth/helper/identity"
)

var (
	errHeader  = errors.New("unknown serialization header")
	errNull    = errors.New("null pointer")
	errString  = errors.New("a string and its lengths differ")
	errCount   = errors.New("an array and its count differ")
	errSID     = errors.New("a SID is malformed")
	errSIDSize = errors.New("a SID and its count differ")
)

// serialized takes the headers of a type serialization, [MS-RPCE] sections
// 2.2.6.1 and 2.2.6.2, and limits the cursor to what they announce. What fills
// the buffer behind that is not looked at.
func (c *cursor) serialized() {
	version, headerLength := c.uint16(), c.uint16()
	c.uint32() // filler, 0xCCCCCCCC
	length := c.uint32()
	c.uint32() // filler
	if version != 0x1001 || headerLength != 8 {
		c.fail(errHeader) // version 1, little-endian
	}
	if uint64(length) > uint64(c.left()) {
		c.fail(errShort)
	}
	if c.err == nil {
		c.data = c.data[:c.pos+int(length)]
	}
}

// A pointer is a referent ID, C706 section 14.3.10. All pointers in the PAC are
// unique, so that only null and not null matter; what they point to follows
// later.
type pointer bool

func (c *cursor) pointer() pointer { return c.uint32() != 0 }

// An ndrString is the fixed part of RPC_UNICODE_STRING, [MS-DTYP] section 2.3.10.
type ndrString struct {
	length, max uint16 // bytes
	buffer      pointer
}

func (c *cursor) ndrString() ndrString {
	return ndrString{c.uint16(), c.uint16(), c.pointer()}
}

// content takes the characters of s, a conformant varying array (C706 section
// 14.3.3.4).
func (c *cursor) content(s ndrString) string {
	if !s.buffer {
		if s.length != 0 {
			c.fail(errString)
		}
		return ""
	}
	c.align(4)
	size, offset, count := c.uint32(), c.uint32(), c.uint32()
	if offset != 0 || count > size || count != uint32(s.length)/2 || s.length > s.max {
		c.fail(errString)
	}
	return c.text(int(s.length))
}

// array takes the elements of a conformant array (C706 section 14.3.3.2), count
// elements of size bytes, which end on a multiple of 4.
func (c *cursor) array(p pointer, count uint32, size int) cursor {
	if !p {
		return cursor{} // whatever count says
	}
	c.align(4)
	if c.uint32() != count {
		c.fail(errCount)
	}
	if uint64(count)*uint64(size) > uint64(c.left()) {
		c.fail(errShort)
	}
	if c.err != nil {
		return cursor{}
	}
	return cursor{data: c.take(int(count) * size)}
}

// ndrSID takes an RPC_SID, [MS-DTYP] section 2.4.2.3: behind its number of
// subauthorities it has the packet form.
func (c *cursor) ndrSID(p pointer) identity.SID {
	if !p {
		return identity.SID{}
	}
	c.align(4)
	count := c.uint32()
	sid := c.sid()
	if c.err == nil && uint32(sid.Subauthorities()) != count {
		c.fail(errSIDSize)
		return identity.SID{}
	}
	return sid
}

// sid takes a SID in packet form, [MS-DTYP] section 2.4.2.2.
func (c *cursor) sid() identity.SID {
	if c.err != nil {
		return identity.SID{}
	}
	sid := identity.CutSID(c.data[c.pos:])
	if sid.IsZero() {
		c.fail(c.noSID())
		return sid
	}
	c.take(minSID + 4*sid.Subauthorities())
	return sid
}

const minSID = 8 // bytes

// noSID says why there is none at the cursor.
func (c *cursor) noSID() error {
	if c.left() < minSID {
		return errShort
	}
	if head := c.data[c.pos:]; head[0] != 1 || head[1] > 15 {
		return errSID
	}
	return errShort
}
