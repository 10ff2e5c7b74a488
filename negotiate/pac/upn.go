package pac

import "squidauth/helper/identity"

// Bits of UPN_DNS_INFO's Flags, [MS-PAC] section 2.10.
const (
	upnConstructed = 1 << 0 // U
	upnExtended    = 1 << 1 // S
)

// UPNInfo is UPN_DNS_INFO, [MS-PAC] section 2.10.
type UPNInfo struct {
	UPN         string // user@domain
	DNSDomain   string
	Constructed bool   // the account has no UPN of its own; it was made of name and domain
	SamName     string // with SID, as of 2021 only
	SID         identity.SID
}

// readUPNInfo reads UPN_DNS_INFO; nil is a fault.
func readUPNInfo(c *cursor) *UPNInfo {
	u := &UPNInfo{}
	upn, domain, flags := c.part(), c.part(), c.uint32()
	u.UPN, u.DNSDomain = c.partText(upn), c.partText(domain)
	u.Constructed = flags&upnConstructed != 0
	if flags&upnExtended != 0 {
		name, sid := c.part(), c.part()
		u.SamName = c.partText(name)
		at := c.section(sid.offset, sid.length)
		u.SID = at.sid()
		c.fail(at.err)
	}
	if c.err != nil {
		return nil
	}
	return u
}

// A part is a length and an offset from the beginning of the structure, in bytes.
type part struct {
	length, offset uint64
}

func (c *cursor) part() part { return part{uint64(c.uint16()), uint64(c.uint16())} }

func (c *cursor) partText(p part) string {
	at := c.section(p.offset, p.length)
	text := at.text(at.left())
	c.fail(at.err)
	return text
}
