package dctest

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"

	"squidauth/ntlm/netlogon/rpc"
	"squidauth/ntlm/netlogon/ssp"
)

var errHangUp = errors.New("the connection is closed")

// PDU types and sizes.
const (
	bind, bindAck             = 11, 12
	request, response, fault  = 0, 2, 3
	headerSize, callSize      = 16, 24
	trailerSize, maxFragment  = 8, 5840
	firstFragment, lastInCall = 1, 2
)

// session is one connection.
type session struct {
	dc      *DC
	conn    net.Conn
	epm     bool
	seal    *ssp.Context // nil: calls are not protected
	client  ssp.Challenge
	server  ssp.Challenge
	context []byte // the trailer's last four bytes, of the client's choice
}

// serveOne answers one PDU.
func (s *session) serveOne() error {
	pdu, err := readPDU(s.conn)
	if err != nil {
		return err
	}
	switch pdu[2] {
	case bind:
		return s.bind(pdu)
	case request:
		return s.call(pdu)
	}
	return errHangUp
}

// bind accepts any interface, and seals with the last key of the computer in the
// token.
func (s *session) bind(pdu []byte) error {
	s.epm = bytes.Equal(pdu[32:48], rpc.EPM.UUID[:])
	var token []byte
	if size := int(binary.LittleEndian.Uint16(pdu[10:])); size > 0 {
		names := bytes.Split(pdu[len(pdu)-size+8:], []byte{0})
		key, err := s.dc.keyOf(string(names[1]))
		if err != nil {
			return err
		}
		s.seal = ssp.Accept(key)
		s.context = pdu[len(pdu)-size-4 : len(pdu)-size]
		token = []byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	}
	b := s.header(bindAck, firstFragment|lastInCall, pdu, len(token))
	b = binary.LittleEndian.AppendUint16(b, maxFragment)
	b = binary.LittleEndian.AppendUint16(b, maxFragment)
	b = append(b, 1, 0, 0, 0)                       // association group
	b = append(b, 6, 0, '4', '9', '1', '5', '2', 0) // address
	b = append(b, 1, 0, 0, 0, 0, 0, 0, 0)           // one result: accepted
	b = append(append(b, rpc.NDR.UUID[:]...), 2, 0, 0, 0)
	if token != nil {
		b = append(s.trailer(b, 0), token...)
	}
	return s.send(b)
}

// call answers a request.
func (s *session) call(pdu []byte) error {
	parameters := pdu[callSize:]
	if s.seal != nil {
		end := len(pdu) - ssp.SignatureSize - trailerSize
		parameters = pdu[callSize:end]
		if err := s.seal.Unseal(parameters, pdu[end+trailerSize:]); err != nil {
			return s.fault(pdu, rpc.FaultSecurity)
		}
		parameters = parameters[:len(parameters)-int(pdu[end+2])]
	}
	if s.seal != nil && s.dc.stalls() {
		return nil
	}
	answer, ok := s.dispatch(binary.LittleEndian.Uint16(pdu[22:]), string(parameters))
	if !ok {
		return s.fault(pdu, rpc.FaultAccessDenied)
	}
	return s.respond(pdu, answer)
}

// respond sends an answer in fragments.
func (s *session) respond(pdu, answer []byte) error {
	size := s.dc.fragment()
	if size == 0 {
		size = len(answer)
	}
	for flags := byte(firstFragment); ; flags = 0 {
		part := answer[:min(size, len(answer))]
		answer = answer[len(part):]
		if len(answer) == 0 {
			flags |= lastInCall
		}
		if err := s.send(s.responsePDU(pdu, flags, part)); err != nil || len(answer) == 0 {
			return err
		}
	}
}

func (s *session) responsePDU(pdu []byte, flags byte, part []byte) []byte {
	verifier := 0
	if s.seal != nil {
		verifier = ssp.SignatureSize
	}
	b := s.header(response, flags, pdu, verifier)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(part)))
	b = append(append(b, 0, 0, 0, 0), part...)
	if s.seal == nil {
		return b
	}
	padding := -len(part) & 15
	b = append(b, make([]byte, padding)...)
	signature := s.seal.Seal(b[callSize:])
	return append(s.trailer(b, padding), signature...)
}

func (s *session) fault(pdu []byte, status uint32) error {
	b := s.header(fault, firstFragment|lastInCall, pdu, 0)
	b = append(b, make([]byte, callSize-headerSize)...)
	b = binary.LittleEndian.AppendUint32(b, status)
	return s.send(append(b, 0, 0, 0, 0))
}

// header begins a PDU that answers another.
func (s *session) header(kind, flags byte, answers []byte, verifier int) []byte {
	b := []byte{5, 0, kind, flags, 0x10, 0, 0, 0, 0, 0}
	b = binary.LittleEndian.AppendUint16(b, uint16(verifier))
	return append(b, answers[12:16]...)
}

func (s *session) trailer(b []byte, padding int) []byte {
	b = append(b, ssp.AuthType, 6, byte(padding), 0)
	return append(b, s.context...)
}

func (s *session) send(b []byte) error {
	binary.LittleEndian.PutUint16(b[8:], uint16(len(b)))
	_, err := s.conn.Write(b)
	return err
}

// newChallenge returns the server's side of a set-up.
func newChallenge() (c ssp.Challenge) {
	for c.Weak() {
		rand.Read(c[:])
	}
	return c
}
