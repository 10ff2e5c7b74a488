package ndr

import (
	"encoding/binary"
	"unicode/utf16"
)

// Writer appends the parameters of a call. The zero Writer is empty.
type Writer struct {
	buf      []byte
	pointers uint32 // written so far
}

// Bytes returns what was written.
func (w *Writer) Bytes() []byte { return w.buf }

// Align fills up to a multiple of n bytes (C706 section 14.2.2).
func (w *Writer) Align(n int) {
	for len(w.buf)%n != 0 {
		w.buf = append(w.buf, 0)
	}
}

// Raw appends bytes as they are.
func (w *Writer) Raw(b []byte) { w.buf = append(w.buf, b...) }

// Uint8 appends a small integer.
func (w *Writer) Uint8(v uint8) { w.buf = append(w.buf, v) }

// Uint16 appends an aligned integer.
func (w *Writer) Uint16(v uint16) {
	w.Align(2)
	w.buf = binary.LittleEndian.AppendUint16(w.buf, v)
}

// Uint32 appends an aligned integer.
func (w *Writer) Uint32(v uint32) {
	w.Align(4)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, v)
}

// Null appends a unique pointer to nothing.
func (w *Writer) Null() { w.Uint32(0) }

// Pointer appends a unique pointer (C706 section 14.3.10). What it points to is to
// be written where the encoding defers it to.
func (w *Writer) Pointer() {
	const first, step = 0x00020000, 4 // as Windows numbers them
	w.Uint32(first + step*w.pointers)
	w.pointers++
}

// String appends a [string] wchar_t array: conformant and varying, with a NUL at
// its end (C706 section 14.3.4).
func (w *Writer) String(s string) {
	w.array(append(UTF16(s), 0, 0), 2)
}

// Counted appends the fixed part of an RPC_UNICODE_STRING or STRING for b ([MS-DTYP]
// section 2.3.10, [MS-NRPC] section 2.2.1.1.2). The caller bounds the length of b
// to 16 bits.
func (w *Writer) Counted(b []byte) {
	w.Uint16(uint16(len(b)))
	w.Uint16(uint16(len(b)))
	w.Pointer()
}

// Content appends what the pointer of Counted points to, elements of size bytes.
func (w *Writer) Content(b []byte, size int) { w.array(b, size) }

// array appends a conformant varying array (C706 section 14.3.3.4).
func (w *Writer) array(b []byte, size int) {
	n := uint32(len(b) / size)
	w.Uint32(n)
	w.Uint32(0)
	w.Uint32(n)
	w.Raw(b)
}

// UTF16 encodes s in little-endian UTF-16.
func UTF16(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units)+2) // room for a NUL
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
