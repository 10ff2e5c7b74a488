package ntlmssp

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// signature begins every message, [MS-NLMP] section 2.2.1.
const signature = "NTLMSSP\x00"

// The MessageType of each message.
const (
	typeNegotiate    = 1
	typeChallenge    = 2
	typeAuthenticate = 3
)

var (
	errSignature = errors.New("the token is not NTLMSSP")
	errType      = errors.New("it is another message of NTLMSSP than the one that is due")
	errShort     = errors.New("the message is too short")
	errField     = errors.New("a field of the message lies outside of it")
)

// IsMessage reports whether the token is NTLMSSP at all.
func IsMessage(token []byte) bool {
	return len(token) >= len(signature) && string(token[:len(signature)]) == signature
}

// A message is a whole message whose fixed part is there.
type message struct {
	bytes  []byte
	header int // length of the fixed part
}

// open checks what all messages have in common.
func open(token []byte, kind uint32, header int) (message, error) {
	switch {
	case !IsMessage(token):
		return message{}, errSignature
	case len(token) < len(signature)+4:
		return message{}, errShort
	case binary.LittleEndian.Uint32(token[8:]) != kind:
		return message{}, errType
	case len(token) < header:
		return message{}, errShort
	}
	return message{token, header}, nil
}

func (m message) flags(at int) Flags { return Flags(binary.LittleEndian.Uint32(m.bytes[at:])) }

// span returns where the bytes lie that the fields at position at, a length, a
// maximum and an offset, speak of. An empty one lies nowhere.
func (m message) span(at int) (from, to int, err error) {
	size := uint64(binary.LittleEndian.Uint16(m.bytes[at:]))
	offset := uint64(binary.LittleEndian.Uint32(m.bytes[at+4:]))
	switch {
	case size == 0:
		return 0, 0, nil
	case offset < uint64(m.header), offset+size > uint64(len(m.bytes)):
		return 0, 0, errField
	}
	return int(offset), int(offset + size), nil
}

// field returns those bytes.
func (m message) field(at int) ([]byte, error) {
	from, to, err := m.span(at)
	if err != nil || from == to {
		return nil, err
	}
	return m.bytes[from:to:to], nil
}

// version returns the VERSION at position at. It is there if a flag says so.
func (m message) version(f Flags, at int) (v Version) {
	if f.Has(NegotiateVersion) && len(m.bytes) >= at+len(v) {
		copy(v[:], m.bytes[at:])
	}
	return v
}

// A writer appends a message: first its fixed part, then what the fields of that
// speak of.
type writer struct {
	bytes []byte
	start int
}

func newWriter(dst []byte, kind uint32, header int) writer {
	w := writer{bytes: slices.Grow(dst, header), start: len(dst)}
	w.bytes = append(w.bytes, signature...)
	w.bytes = binary.LittleEndian.AppendUint32(w.bytes, kind)
	w.bytes = append(w.bytes, make([]byte, header-len(signature)-4)...)
	return w
}

// fixed returns the message from position at.
func (w *writer) fixed(at int) []byte { return w.bytes[w.start+at:] }

func (w *writer) putFlags(at int, f Flags) { binary.LittleEndian.PutUint32(w.fixed(at), uint32(f)) }

func (w *writer) putVersion(at int, f Flags, v Version) {
	if f.Has(NegotiateVersion) {
		copy(w.fixed(at), v[:])
	}
}

// putField appends the value and sets the fields at position at. What is longer
// than they can say is left out.
func (w *writer) putField(at int, value []byte) {
	if len(value) > math.MaxUint16 {
		value = nil
	}
	fields := w.fixed(at)
	binary.LittleEndian.PutUint16(fields, uint16(len(value)))
	binary.LittleEndian.PutUint16(fields[2:], uint16(len(value)))
	binary.LittleEndian.PutUint32(fields[4:], uint32(len(w.bytes)-w.start))
	w.bytes = append(w.bytes, value...)
}
