package rpc

import (
	"encoding/binary"
	"errors"
	"strings"
)

// ErrTooLong is the error of a call whose parameters do not fit into one fragment.
var ErrTooLong = errors.New("rpc: the request is too long")

// exchange sends a request and puts the fragments of its answer together.
func (c *Conn) exchange(operation uint16, parameters []byte) (string, error) {
	c.call++
	request := c.request(operation, parameters)
	if len(request) > c.maxSend {
		return "", &NotSent{ErrTooLong}
	}
	if _, err := c.net.Write(request); err != nil {
		return "", &NotSent{err}
	}
	var answer strings.Builder
	for n := range maxFragments {
		p, err := readPDU(c.reader, c.call)
		if err != nil {
			return "", err
		}
		part, err := c.response(p, n == 0)
		if err != nil {
			return "", err
		}
		if answer.Len()+len(part) > maxReply {
			return "", errTooLong
		}
		answer.Write(part)
		if p.flags&lastFragment != 0 {
			return answer.String(), nil
		}
	}
	return "", errTooLong
}

// request returns the PDU of a call, C706 section 12.6.3.1.
func (c *Conn) request(operation uint16, parameters []byte) []byte {
	padding, authLength := 0, 0
	if c.security != nil {
		padding, authLength = -len(parameters)&(sealedUnit-1), c.security.VerifierSize()
	}
	b := newPDU(typeRequest, c.call, authLength)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(parameters)))
	b = binary.LittleEndian.AppendUint16(b, 0) // the context
	b = binary.LittleEndian.AppendUint16(b, operation)
	b = append(b, parameters...)
	if c.security == nil {
		return finish(b)
	}
	b = append(b, make([]byte, padding)...)
	verifier := c.security.Seal(b[callSize:])
	b = appendTrailer(b, c.security.AuthType(), padding)
	return finish(append(b, verifier...))
}

// response checks a fragment of an answer and returns its part of the parameters.
func (c *Conn) response(p pdu, first bool) ([]byte, error) {
	switch {
	case p.kind == typeFault:
		return nil, faultOf(p)
	case p.kind != typeResponse:
		return nil, errType
	case len(p.data) < callSize || binary.LittleEndian.Uint16(p.data[20:]) != 0: // the context
		return nil, errHeader
	case (p.flags&firstFragment != 0) != first:
		return nil, errFlags
	case c.security != nil:
		return c.unsealed(p)
	case p.authLength != 0:
		return nil, errUnsealed
	}
	return p.data[callSize:], nil
}

// unsealed returns what a fragment holds. The padding's length, which is in the
// trailer, is not protected; but it cannot turn an answer into another one, because
// that must be as long as it says itself.
func (c *Conn) unsealed(p pdu) ([]byte, error) {
	body, padding, verifier, err := p.verifier(callSize, c.security.AuthType())
	if err != nil {
		return nil, err
	}
	if err := c.security.Unseal(body, verifier); err != nil {
		return nil, err
	}
	return body[:len(body)-padding], nil
}

// faultOf reads a fault, C706 section 12.6.3.1.
func faultOf(p pdu) error {
	const statusAt = callSize
	if len(p.data) < statusAt+4 {
		return errHeader
	}
	return &Fault{Status: binary.LittleEndian.Uint32(p.data[statusAt:]), NotExecuted: p.flags&didNotExecute != 0}
}
