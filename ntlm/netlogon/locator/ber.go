package locator

// Tags of LDAP messages, RFC 4511 section 4.
const (
	tagBoolean     = 0x01
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagEnumerated  = 0x0a
	tagSequence    = 0x30
	tagSet         = 0x31

	tagSearchRequest = 0x63
	tagSearchEntry   = 0x64
	tagFilterAnd     = 0xa0
	tagFilterEqual   = 0xa3
)

// element returns an element of some contents, of 64 KiB at most.
func element(tag byte, contents ...[]byte) []byte {
	size := 0
	for _, c := range contents {
		size += len(c)
	}
	b := append(make([]byte, 0, 4+size), tag)
	switch {
	case size < 0x80:
		b = append(b, byte(size))
	default:
		b = append(b, 0x82, byte(size>>8), byte(size))
	}
	for _, c := range contents {
		b = append(b, c...)
	}
	return b
}

// cutElement takes an element off the front of b. Lengths may be spelled longer
// than they need be: Windows does so.
func cutElement(b []byte) (tag byte, content, rest []byte, ok bool) {
	header, size, ok := elementSize(b)
	if !ok || size > len(b)-header {
		return 0, nil, nil, false
	}
	return b[0], b[header : header+size], b[header+size:], true
}

// elementSize reads tag and length, and returns how long both and the content are.
func elementSize(b []byte) (header, size int, ok bool) {
	const maxSize = 1 << 24
	if len(b) < 2 {
		return 0, 0, false
	}
	if b[1] < 0x80 {
		return 2, int(b[1]), true
	}
	octets := int(b[1] & 0x7f)
	if octets == 0 || octets > 4 || len(b) < 2+octets {
		return 0, 0, false
	}
	var long uint64 // an int of 32 bits would overflow
	for _, octet := range b[2 : 2+octets] {
		long = long<<8 | uint64(octet)
	}
	if long > maxSize {
		return 0, 0, false
	}
	return 2 + octets, int(long), true
}

// cut takes an element with that tag off the front.
func cut(b []byte, tag byte) (content, rest []byte, ok bool) {
	got, content, rest, ok := cutElement(b)
	return content, rest, ok && got == tag
}
