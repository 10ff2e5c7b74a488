package epm

import (
	"encoding/binary"

	"squidauth/ntlm/netlogon/rpc"
)

// Protocol identifiers of floors, C706 appendix I.
const (
	floorUUID = 0x0d
	floorCO   = 0x0b // connection-oriented calls
	floorTCP  = 0x07
	floorIP   = 0x09
)

// A floor has a protocol identifier, for a UUID with its major version, and what
// belongs to it.
type floor struct {
	protocol byte
	id       string // of a UUID: with the major version
	address  string
}

// appendTower appends the tower of an interface in NDR at a TCP port: floors of
// interface, encoding, calls, port and address.
func appendTower(b []byte, iface rpc.Syntax, port uint16) []byte {
	b = binary.LittleEndian.AppendUint16(b, 5)
	b = appendFloor(b, syntaxFloor(iface))
	b = appendFloor(b, syntaxFloor(rpc.NDR))
	b = appendFloor(b, floor{protocol: floorCO, address: "\x00\x00"})
	b = appendFloor(b, floor{protocol: floorTCP, address: string([]byte{byte(port >> 8), byte(port)})})
	return appendFloor(b, floor{protocol: floorIP, address: "\x00\x00\x00\x00"})
}

func appendFloor(b []byte, f floor) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(1+len(f.id)))
	b = append(append(b, f.protocol), f.id...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(f.address)))
	return append(b, f.address...)
}

func syntaxFloor(s rpc.Syntax) floor {
	id := binary.LittleEndian.AppendUint16(s.UUID[:len(s.UUID):len(s.UUID)], s.Major)
	minor := binary.LittleEndian.AppendUint16(nil, s.Minor)
	return floor{protocol: floorUUID, id: string(id), address: string(minor)}
}

// portOf returns the TCP port of a tower, 0 if it is not one of the interface in
// NDR on TCP. The address in it is the host's as it sees itself, and not looked at.
func portOf(tower string, iface rpc.Syntax) uint16 {
	if len(tower) < 2 || uint16(tower[0])|uint16(tower[1])<<8 < 4 {
		return 0
	}
	rest := tower[2:]
	var floors [4]floor
	for i := range floors {
		var ok bool
		if floors[i], rest, ok = cutFloor(rest); !ok {
			return 0
		}
	}
	switch {
	case floors[0].protocol != floorUUID || floors[0].id != syntaxFloor(iface).id:
		return 0
	case floors[1] != syntaxFloor(rpc.NDR) || floors[2].protocol != floorCO:
		return 0
	case floors[3].protocol != floorTCP || len(floors[3].address) != 2:
		return 0
	}
	return uint16(floors[3].address[0])<<8 | uint16(floors[3].address[1])
}

// cutFloor takes a floor off the front.
func cutFloor(b string) (f floor, rest string, ok bool) {
	id, b, ok := cutCounted(b)
	if !ok || id == "" {
		return floor{}, "", false
	}
	address, b, ok := cutCounted(b)
	return floor{protocol: id[0], id: id[1:], address: address}, b, ok
}

func cutCounted(b string) (part, rest string, ok bool) {
	if len(b) < 2 {
		return "", "", false
	}
	n := int(b[0]) | int(b[1])<<8
	if b = b[2:]; len(b) < n {
		return "", "", false
	}
	return b[:n], b[n:], true
}
