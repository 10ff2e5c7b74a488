package ndr

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"squidauth/helper/identity"
)

var (
	errShort    = errors.New("ndr: the data is cut short")
	errTrailing = errors.New("ndr: there is more data than was announced")
	errCount    = errors.New("ndr: an array and its count differ")
	errString   = errors.New("ndr: a string and its lengths differ")
	errSID      = errors.New("ndr: a SID is malformed")
)

// Reader consumes data from its front. After the first fault all reads return
// zero values, so that Err or End need only be asked before what was read is used.
type Reader struct {
	data string
	pos  int // 0 ≤ pos ≤ len(data)
	err  error
}

// NewReader returns a Reader of data, of which SIDs and raw bytes keep parts in
// memory.
func NewReader(data string) *Reader { return &Reader{data: data} }

// Err returns the first fault.
func (r *Reader) Err() error { return r.err }

// End returns the first fault; data that nobody read is one.
func (r *Reader) End() error {
	if r.err == nil && r.pos != len(r.data) {
		r.err = errTrailing
	}
	return r.err
}

// Raw takes the next n bytes.
func (r *Reader) Raw(n int) string {
	if r.err == nil && (n < 0 || n > len(r.data)-r.pos) {
		r.err = errShort
	}
	if r.err != nil {
		return ""
	}
	r.pos += n
	return r.data[r.pos-n : r.pos]
}

// Align skips what fills up to a multiple of n.
func (r *Reader) Align(n int) { r.Raw((n - r.pos%n) % n) }

// Uint8 takes a small integer.
func (r *Reader) Uint8() uint8 { return uint8(r.little(1)) }

// Uint16 takes an aligned integer.
func (r *Reader) Uint16() uint16 { return uint16(r.little(2)) }

// Uint32 takes an aligned integer.
func (r *Reader) Uint32() uint32 { return r.little(4) }

func (r *Reader) little(n int) (v uint32) {
	r.Align(n)
	for i, b := range []byte(r.Raw(n)) {
		v |= uint32(b) << (8 * i)
	}
	return v
}

// Pointer takes a unique pointer and tells whether it points to something.
func (r *Reader) Pointer() bool { return r.Uint32() != 0 }

// Count takes the number of elements of a conformant array whose elements have
// size bytes at least. It is want, or a fault.
func (r *Reader) Count(want uint32, size int) int {
	n := r.Uint32()
	if n != want {
		r.Fail(errCount)
	}
	return r.fitting(n, size)
}

// Varying takes the three counts of a conformant varying array and returns the
// number of its elements (C706 section 14.3.3.4).
func (r *Reader) Varying(size int) int {
	room, offset, n := r.Uint32(), r.Uint32(), r.Uint32()
	if offset != 0 || n > room {
		r.Fail(errCount)
	}
	return r.fitting(n, size)
}

// fitting returns n if so many elements can follow.
func (r *Reader) fitting(n uint32, size int) int {
	if uint64(n)*uint64(size) > uint64(len(r.data)-r.pos) {
		r.Fail(errShort)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// Counted is the fixed part of an RPC_UNICODE_STRING.
type Counted struct {
	length, room uint16 // bytes
	set          bool
}

// Counted takes the fixed part of an RPC_UNICODE_STRING.
func (r *Reader) Counted() Counted {
	return Counted{r.Uint16(), r.Uint16(), r.Pointer()}
}

// Text takes the characters of c, which were deferred.
func (r *Reader) Text(c Counted) string {
	if !c.set {
		if c.length != 0 {
			r.Fail(errString)
		}
		return ""
	}
	n := r.Varying(2)
	if 2*n != int(c.length) || c.length > c.room {
		r.Fail(errString)
	}
	return decodeUTF16(r.Raw(2 * n))
}

// SID takes an RPC_SID ([MS-DTYP] section 2.4.2.3): the number of subauthorities,
// and the packet form, which has it once more.
func (r *Reader) SID() identity.SID {
	count := r.Uint32()
	if r.err != nil {
		return identity.SID{}
	}
	sid := identity.CutSID(r.data[r.pos:])
	if sid.IsZero() || uint32(sid.Subauthorities()) != count {
		r.Fail(errSID)
		return identity.SID{}
	}
	const header, subauthority = 8, 4
	r.Raw(header + subauthority*sid.Subauthorities())
	return sid
}

// Fail records a fault, unless there was one before.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// decodeUTF16 turns little-endian UTF-16 of even length into UTF-8. Half a
// surrogate pair becomes U+FFFD.
func decodeUTF16(s string) string {
	var b strings.Builder
	b.Grow(len(s) / 2)
	for len(s) >= 2 {
		r, n := unit(s), 2
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if len(s) >= 4 {
				low = unit(s[2:])
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

func unit(s string) rune { return rune(s[0]) | rune(s[1])<<8 }
