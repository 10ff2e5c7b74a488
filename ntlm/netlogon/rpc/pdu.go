package rpc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// PDU types, C706 section 12.6.4.
const (
	typeRequest  = 0
	typeResponse = 2
	typeFault    = 3
	typeBind     = 11
	typeBindAck  = 12
	typeBindNak  = 13
)

// PDU flags, C706 section 12.6.3.1.
const (
	firstFragment = 0x01
	lastFragment  = 0x02
	didNotExecute = 0x20
)

// Sizes in bytes.
const (
	headerSize   = 16 // of every PDU
	callSize     = 24 // of a request's or response's header
	trailerSize  = 8
	maxFragment  = 5840    // what each side must be able to take, of what this side takes
	minFragment  = 1432    // C706 section 12.6.3.4
	maxReply     = 1 << 20 // a user in 20,000 groups
	maxFragments = 1024    // of a reply
)

var (
	errHeader   = errors.New("rpc: a PDU is malformed")
	errType     = errors.New("rpc: a PDU of a type that answers nothing")
	errFlags    = errors.New("rpc: fragments of an answer are out of order")
	errTooLong  = errors.New("rpc: the answer is too long")
	errTrailer  = errors.New("rpc: an answer that is not sealed as it must be")
	errUnsealed = errors.New("rpc: an answer with a seal that nobody asked for")
)

// pdu is a PDU as it was received, whose common header is sound.
type pdu struct {
	data       []byte
	kind       byte
	flags      byte
	authLength int // of the verifier, without its trailer
}

// readPDU reads a PDU that belongs to the call.
func readPDU(r io.Reader, call uint32) (p pdu, err error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return pdu{}, err
	}
	length, err := checkHeader(header, call)
	if err != nil {
		return pdu{}, err
	}
	data := make([]byte, length)
	copy(data, header[:])
	if _, err := io.ReadFull(r, data[headerSize:]); err != nil {
		return pdu{}, fmt.Errorf("rpc: a PDU is cut short: %w", err)
	}
	auth := int(binary.LittleEndian.Uint16(header[10:]))
	return pdu{data: data, kind: header[2], flags: header[3], authLength: auth}, nil
}

// checkHeader checks the common header, C706 section 12.6.3.1, and returns the
// length of the PDU.
func checkHeader(h [headerSize]byte, call uint32) (int, error) {
	const version, maxMinor = 5, 1
	dataRepresentation := [4]byte{0x10, 0, 0, 0} // little-endian, ASCII, IEEE
	length := int(binary.LittleEndian.Uint16(h[8:]))
	switch {
	case h[0] != version || h[1] > maxMinor || [4]byte(h[4:]) != dataRepresentation:
		return 0, errHeader
	case length < headerSize || length > maxFragment:
		return 0, errHeader
	case binary.LittleEndian.Uint32(h[12:]) != call:
		return 0, errHeader
	}
	return length, nil
}

// whole reports that the PDU is both the first and the last fragment.
func (p pdu) whole() bool {
	return p.flags&firstFragment != 0 && p.flags&lastFragment != 0
}

// verifier cuts the trailer and the verifier off what begins at offset from. It
// returns what is in between with its padding, the length of that, and the verifier.
func (p pdu) verifier(from int, authType byte) (body []byte, padding int, verifier []byte, err error) {
	end := len(p.data) - p.authLength - trailerSize
	if p.authLength == 0 || end < from {
		return nil, 0, nil, errTrailer
	}
	trailer := p.data[end : end+trailerSize]
	padding = int(trailer[2])
	switch {
	case trailer[0] != authType || trailer[1] != levelPrivacy:
		return nil, 0, nil, errTrailer
	case binary.LittleEndian.Uint32(trailer[4:]) != authContext:
		return nil, 0, nil, errTrailer
	case padding > end-from:
		return nil, 0, nil, errTrailer
	}
	return p.data[from:end], padding, p.data[end+trailerSize:], nil
}

// newPDU begins a PDU that is not fragmented. finish completes its length.
func newPDU(kind byte, call uint32, authLength int) []byte {
	b := []byte{5, 0, kind, firstFragment | lastFragment, 0x10, 0, 0, 0, 0, 0}
	b = binary.LittleEndian.AppendUint16(b, uint16(authLength))
	return binary.LittleEndian.AppendUint32(b, call)
}

func finish(b []byte) []byte {
	binary.LittleEndian.PutUint16(b[8:], uint16(len(b)))
	return b
}
