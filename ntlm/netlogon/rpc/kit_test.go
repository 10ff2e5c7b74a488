package rpc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
)

// peer is a server that sends what a test wants, whatever it is asked.
type peer struct {
	t       testing.TB
	conn    net.Conn
	answers chan []byte // one per PDU that comes
}

// dial returns a connection to a peer that sends these answers and then nothing.
func dial(t testing.TB, answers ...[]byte) net.Conn {
	client, server := net.Pipe()
	p := &peer{t: t, conn: server, answers: make(chan []byte, len(answers))}
	for _, a := range answers {
		p.answers <- a
	}
	close(p.answers)
	t.Cleanup(func() { server.Close(); client.Close() })
	go p.serve()
	return client
}

func (p *peer) serve() {
	defer p.conn.Close()
	for answer := range p.answers {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(p.conn, header); err != nil {
			return
		}
		rest := int64(binary.LittleEndian.Uint16(header[8:])) - headerSize
		if _, err := io.CopyN(io.Discard, p.conn, rest); err != nil {
			return
		}
		if _, err := p.conn.Write(answer); err != nil {
			return
		}
	}
	_, _ = io.Copy(io.Discard, p.conn) // until the client goes
}

// pduOf builds a PDU with a sound header.
func pduOf(kind, flags byte, call uint32, verifier int, body []byte) []byte {
	b := newPDU(kind, call, verifier)
	b[3] = flags
	return finish(append(b, body...))
}

const whole = firstFragment | lastFragment

// ack is the answer to a bind, with a verifier or none.
func ack(verifier []byte) []byte {
	var b []byte
	b = binary.LittleEndian.AppendUint16(b, maxFragment)
	b = binary.LittleEndian.AppendUint16(b, maxFragment)
	b = append(b, 1, 0, 0, 0, 4, 0, '1', '3', '5', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
	b = NDR.append(b)
	if verifier != nil {
		b = append(appendTrailer(b, testType, 0), verifier...)
	}
	return pduOf(typeBindAck, whole, 1, len(verifier), b)
}

// answerPDU is a response to the first call, sealed by s or not.
func answerPDU(s Security, flags byte, parameters string) []byte {
	b := append(make([]byte, callSize-headerSize), parameters...)
	if s == nil {
		return pduOf(typeResponse, flags, 2, 0, b)
	}
	padding := -len(parameters) & 3
	b = append(b, make([]byte, padding)...)
	verifier := s.Seal(b[callSize-headerSize:])
	b = append(appendTrailer(b, testType, padding), verifier...)
	return pduOf(typeResponse, flags, 2, len(verifier), b)
}

const testType = 99

// testSecurity inverts data, and its verifier is a count and a sum.
type testSecurity struct{ count byte }

var errTest = errors.New("not sealed by the test")

func (*testSecurity) AuthType() byte    { return testType }
func (*testSecurity) VerifierSize() int { return 4 }
func (*testSecurity) Token() []byte     { return []byte("hello") }

func (*testSecurity) Established(token []byte) error {
	if string(token) != "welcome" {
		return errTest
	}
	return nil
}

func (s *testSecurity) Seal(data []byte) []byte {
	s.count++
	for i := range data {
		data[i] ^= 0xff
	}
	return s.verifier(data)
}

func (s *testSecurity) Unseal(data, verifier []byte) error {
	s.count++
	if !bytes.Equal(verifier, s.verifier(data)) {
		return errTest
	}
	for i := range data {
		data[i] ^= 0xff
	}
	return nil
}

func (s *testSecurity) verifier(data []byte) []byte {
	v := []byte{'v', s.count, 0, 0}
	for i, b := range data {
		v[2] += b * byte(i+1)
		v[3] ^= b
	}
	return v
}

// acceptor seals what the server sends: the client has sealed one request.
func acceptor() *testSecurity { return &testSecurity{count: 1} }
