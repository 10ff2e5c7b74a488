package pac

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errShort  = errors.New("too short")
	errUneven = errors.New("half a character at the end of a text")
)

// A cursor consumes little-endian data from its front. All reads go through
// take; after the first fault they return zero values, so err need only be
// looked at before what was read is used, or for the size of a loop.
type cursor struct {
	data string
	pos  int // 0 ≤ pos ≤ len(data)
	err  error
}

// take returns the next n bytes.
func (c *cursor) take(n int) string {
	if c.err == nil && (n < 0 || n > len(c.data)-c.pos) {
		c.err = errShort
	}
	if c.err != nil {
		return ""
	}
	c.pos += n
	return c.data[c.pos-n : c.pos]
}

// align skips what fills up to a multiple of n (C706 section 14.2.2).
func (c *cursor) align(n int) { c.take((n - c.pos%n) % n) }

// left tells how many bytes are left, none after a fault.
func (c *cursor) left() int {
	if c.err != nil {
		return 0
	}
	return len(c.data) - c.pos
}

// fail records the first fault.
func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *cursor) uint16() uint16 { return uint16(c.little(2)) }
func (c *cursor) uint32() uint32 { return uint32(c.little(4)) }
func (c *cursor) uint64() uint64 { return c.little(8) }

func (c *cursor) little(n int) uint64 {
	var v uint64
	for i, b := range []byte(c.take(n)) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// text takes n bytes of UTF-16.
func (c *cursor) text(n int) string {
	if n%2 != 0 {
		c.fail(errUneven)
	}
	return decodeUTF16(c.take(n))
}

// section returns a cursor over n bytes at an offset from the beginning of the
// data, wherever the cursor stands.
func (c *cursor) section(offset, n uint64) cursor {
	size := uint64(len(c.data))
	if offset > size || n > size-offset {
		return cursor{err: errShort}
	}
	return cursor{data: c.data[offset : offset+n]}
}

// decodeUTF16 turns little-endian UTF-16 of even length into UTF-8. Half a
// surrogate pair becomes U+FFFD.
func decodeUTF16(s string) string {
	var b strings.Builder
	b.Grow(len(s) / 2)
	for len(s) >= 2 {
		r, n := rune(s[0])|rune(s[1])<<8, 2
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if len(s) >= 4 {
				low = rune(s[2]) | rune(s[3])<<8
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				n = 4
			}
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}
