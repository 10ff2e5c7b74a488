package message

import "encoding/binary"

// The tags of what is not LDAP's alone (X.690 section 8.1.2).
const (
	tagBoolean     = 0x01
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagEnumerated  = 0x0a
	tagSequence    = 0x30
	tagSet         = 0x31
)

// maxLength bounds in bytes the length that an element may say it has, which fits into
// an int everywhere. Callers have bounds of their own below it.
const maxLength = 1 << 30

// header reads the tag and the length of an element. size is that of the header
// itself, 0 if there is more of it to come. It reports false for what no element begins
// with.
func header(b []byte) (tag byte, size, length int, ok bool) {
	const high, long, reserved = 0x1f, 0x80, 0xff
	switch {
	case len(b) > 0 && b[0]&high == high: // no tag of LDAP is as long as that
		return 0, 0, 0, false
	case len(b) < 2:
		return 0, 0, 0, true
	case b[1] < long:
		return b[0], 2, int(b[1]), true
	case b[1] == long || b[1] == reserved: // indefinite, or nothing
		return 0, 0, 0, false
	}
	octets := b[2:]
	n := int(b[1] &^ long)
	if n > 8 {
		return 0, 0, 0, false
	}
	if len(octets) < n {
		return 0, 0, 0, true
	}
	var padded [8]byte
	copy(padded[8-n:], octets[:n])
	l := binary.BigEndian.Uint64(padded[:])
	return b[0], 2 + n, int(min(l, maxLength)), l <= maxLength
}

// elements is elements one behind the other, of which the first is taken off at a time.
type elements []byte

// next takes the first off, whatever it is.
func (e *elements) next() (tag byte, content elements, ok bool) {
	tag, size, length, ok := header(*e)
	if !ok || size == 0 || length > len(*e)-size {
		return 0, nil, false
	}
	content = (*e)[size : size+length]
	*e = (*e)[size+length:]
	return tag, content, true
}

// take takes the first off, which must have the tag.
func (e *elements) take(tag byte) (elements, bool) {
	got, content, ok := e.next()
	return content, ok && got == tag
}

// has reports whether the first has the tag.
func (e elements) has(tag byte) bool { return len(e) > 0 && e[0] == tag }

// text takes a string off.
func (e *elements) text() (string, bool) {
	content, ok := e.take(tagOctetString)
	return string(content), ok
}

// number takes an integer off that is not negative and at most max, less than 1 << 32.
func (e *elements) number(tag byte, max int64) (int64, bool) {
	content, ok := e.take(tag)
	if !ok || len(content) == 0 || len(content) > 5 || content[0] >= 0x80 {
		return 0, false
	}
	var n int64
	for _, b := range content {
		n = n<<8 | int64(b)
	}
	return n, n <= max
}

// encoder appends elements to bytes.
type encoder struct{ b []byte }

// begin begins an element, which holds what is appended until end is called with what
// begin returned.
func (e *encoder) begin(tag byte) (at int) {
	e.b = append(e.b, tag, 0)
	return len(e.b)
}

func (e *encoder) end(at int) {
	length := len(e.b) - at
	if length < 0x80 {
		e.b[at-1] = byte(length)
		return
	}
	var octets []byte
	for octets = binary.BigEndian.AppendUint32(nil, uint32(length)); octets[0] == 0; octets = octets[1:] {
	}
	e.b[at-1] = 0x80 | byte(len(octets))
	e.b = append(e.b, octets...)
	copy(e.b[at+len(octets):], e.b[at:at+length])
	copy(e.b[at:], octets)
}

func (e *encoder) text(tag byte, s string) {
	at := e.begin(tag)
	e.b = append(e.b, s...)
	e.end(at)
}

// number appends an integer that is not negative.
func (e *encoder) number(tag byte, n int64) {
	octets := binary.BigEndian.AppendUint64(nil, uint64(n))
	for len(octets) > 1 && octets[0] == 0 && octets[1] < 0x80 {
		octets = octets[1:]
	}
	at := e.begin(tag)
	e.b = append(e.b, octets...)
	e.end(at)
}

func (e *encoder) boolean(v bool) {
	var b byte
	if v {
		b = 0xff
	}
	e.b = append(e.b, tagBoolean, 1, b)
}
