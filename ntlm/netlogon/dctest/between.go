package dctest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
)

// Between is somebody between a client and its domain controllers, who reads every
// PDU and may send others instead of the answers. It may be used from several
// goroutines.
type Between struct {
	mu      sync.Mutex
	tamper  func(answer []byte) []byte
	asked   []byte
	answers [][]byte
}

// Tamper has all answers from now on replaced by what a function makes of them; nil
// leaves them alone. An empty answer is none.
func (b *Between) Tamper(f func(answer []byte) []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tamper = f
}

// TamperLogons does so with the answers to sealed calls only.
func (b *Between) TamperLogons(f func(answer []byte) []byte) {
	b.Tamper(func(answer []byte) []byte {
		if !isSealed(answer) {
			return answer
		}
		return f(answer)
	})
}

// Asked returns the last request.
func (b *Between) Asked() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// Answers returns the answers to sealed calls so far, as they came.
func (b *Between) Answers() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.answers)
}

func isSealed(answer []byte) bool {
	return answer[2] == response && binary.LittleEndian.Uint16(answer[10:]) > 0
}

// Wrap returns a connection to who is at the other end of a connection, with b in
// between.
func (b *Between) Wrap(server net.Conn) net.Conn {
	client, mine := net.Pipe()
	go pass(server, mine, b.request)
	go pass(mine, server, b.answer)
	return client
}

// pass sends PDUs on until one of both is closed, and then closes both.
func pass(to, from net.Conn, change func([]byte) []byte) {
	defer to.Close()
	defer from.Close()
	for {
		pdu, err := readPDU(from)
		if err != nil {
			return
		}
		if _, err := to.Write(change(pdu)); err != nil {
			return
		}
	}
}

func (b *Between) request(pdu []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = bytes.Clone(pdu)
	return pdu
}

func (b *Between) answer(pdu []byte) []byte {
	b.mu.Lock()
	if isSealed(pdu) {
		b.answers = append(b.answers, bytes.Clone(pdu))
	}
	tamper := b.tamper
	b.mu.Unlock()
	if tamper == nil {
		return pdu
	}
	return tamper(pdu)
}

// readPDU reads a whole PDU, which must have a sound header.
func readPDU(r io.Reader) ([]byte, error) {
	pdu := make([]byte, headerSize)
	if _, err := io.ReadFull(r, pdu); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint16(pdu[8:]))
	pdu = append(pdu, make([]byte, max(size-headerSize, 0))...)
	_, err := io.ReadFull(r, pdu[headerSize:])
	return pdu, err
}

// Unsealed returns a PDU of a kind that belongs to the same call as an answer, with
// the trailer of a security and its level, if any, around parameters.
func Unsealed(kind byte, answer, parameters []byte, security ...byte) []byte {
	const verifier = 56
	b := append([]byte{5, 0, kind, firstFragment | lastInCall, 0x10, 0, 0, 0, 0, 0, 0, 0}, answer[12:16]...)
	b = append(append(b, make([]byte, callSize-headerSize)...), parameters...)
	if len(security) == 2 {
		b[10] = verifier
		b = append(append(b, security[0], security[1], 0, 0, 1, 0, 0, 0), make([]byte, verifier)...)
	}
	binary.LittleEndian.PutUint16(b[8:], uint16(len(b)))
	return b
}

// Fault returns a fault PDU that belongs to the same call as an answer.
func Fault(answer []byte, flags byte, status uint32) []byte {
	b := Unsealed(fault, answer, binary.LittleEndian.AppendUint32(nil, status))
	b[3] |= flags
	return b
}

// Renumbered returns a copy of an answer that belongs to the same call as another.
func Renumbered(old, answer []byte) []byte {
	b := bytes.Clone(old)
	copy(b[12:16], answer[12:16])
	return b
}
