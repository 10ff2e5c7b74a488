package rpc

import (
	"encoding/binary"
	"errors"
)

var (
	errBindAnswer = errors.New("rpc: the answer to the bind is malformed")
	errEncoding   = errors.New("rpc: the server chose another encoding than NDR")
)

// bind sends a bind with one presentation context and reads its answer, C706
// section 12.6.3.1.
func (c *Conn) bind(iface Syntax) error {
	c.call++
	if _, err := c.net.Write(c.bindPDU(iface)); err != nil {
		return &NotSent{err}
	}
	p, err := readPDU(c.reader, c.call)
	if err != nil {
		return err
	}
	switch {
	case p.kind == typeBindNak:
		return refusedBy(p)
	case p.kind != typeBindAck || !p.whole():
		return errBindAnswer
	}
	end, err := c.readBindAck(p.data)
	if err != nil {
		return err
	}
	return c.establish(p, end)
}

func (c *Conn) bindPDU(iface Syntax) []byte {
	var token []byte
	if c.security != nil {
		token = c.security.Token()
	}
	b := newPDU(typeBind, c.call, len(token))
	b = binary.LittleEndian.AppendUint16(b, maxFragment) // to send
	b = binary.LittleEndian.AppendUint16(b, maxFragment) // to receive
	b = binary.LittleEndian.AppendUint32(b, 0)           // a new association group
	b = append(b, 1, 0, 0, 0)                            // one context …
	b = append(b, 0, 0, 1, 0)                            // … of number 0 with one encoding
	b = NDR.append(iface.append(b))
	if token != nil {
		b = append(appendTrailer(b, c.security.AuthType(), 0), token...)
	}
	return finish(b)
}

// readBindAck reads what the server agreed to. It returns where the results end.
func (c *Conn) readBindAck(b []byte) (end int, err error) {
	const addressAt, resultSize = 24, 4 + 4 + syntaxSize
	if len(b) < addressAt+2 {
		return 0, errBindAnswer
	}
	c.maxSend = min(maxFragment, int(binary.LittleEndian.Uint16(b[18:])))
	address := int(binary.LittleEndian.Uint16(b[addressAt:]))
	at := (addressAt + 2 + address + 3) &^ 3
	if c.maxSend < minFragment || len(b) < at+resultSize || b[at] != 1 {
		return 0, errBindAnswer
	}
	result, reason := binary.LittleEndian.Uint16(b[at+4:]), binary.LittleEndian.Uint16(b[at+6:])
	switch {
	case result != 0:
		return 0, &BindRefused{Result: result, Reason: reason}
	case parseSyntax(b[at+8:]) != NDR:
		return 0, errEncoding
	}
	return at + resultSize, nil
}

// establish hands the server's token to the security.
func (c *Conn) establish(p pdu, end int) error {
	if c.security == nil {
		if p.authLength != 0 {
			return errUnsealed
		}
		return nil
	}
	_, _, token, err := p.verifier(end, c.security.AuthType())
	if err != nil {
		return err
	}
	return c.security.Established(token)
}

func refusedBy(p pdu) error {
	if len(p.data) < headerSize+2 {
		return errBindAnswer
	}
	return &BindRefused{Result: bindNak, Reason: binary.LittleEndian.Uint16(p.data[headerSize:])}
}
