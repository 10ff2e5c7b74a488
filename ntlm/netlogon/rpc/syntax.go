package rpc

import "encoding/binary"

// UUID is a UUID as it is on the wire: its first three parts little-endian.
type UUID [16]byte

// Syntax identifies an interface or an encoding, p_syntax_id_t of C706 section
// 12.6.3.1.
type Syntax struct {
	UUID         UUID
	Major, Minor uint16
}

// The syntaxes that are known.
var (
	NDR = Syntax{UUID{0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}, 2, 0}
	EPM = Syntax{UUID{0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa}, 3, 0}

	Netlogon = Syntax{UUID{0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0xcf, 0xfb}, 1, 0}
)

func (s Syntax) append(b []byte) []byte {
	b = append(b, s.UUID[:]...)
	b = binary.LittleEndian.AppendUint16(b, s.Major)
	return binary.LittleEndian.AppendUint16(b, s.Minor)
}

func parseSyntax(b []byte) Syntax {
	return Syntax{UUID(b), binary.LittleEndian.Uint16(b[16:]), binary.LittleEndian.Uint16(b[18:])}
}

const syntaxSize = 20 // bytes
