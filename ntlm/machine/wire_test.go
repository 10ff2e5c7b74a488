package machine

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
)

// input is a connection on which something comes in.
type input struct {
	net.Conn
	io.Reader
	closed bool
}

func (i *input) Read(p []byte) (int, error) { return i.Reader.Read(p) }
func (i *input) Close() error               { i.closed = true; return nil }

// TestWire: too much ends the connection.
func TestWire(t *testing.T) {
	in := &input{Reader: bytes.NewReader(make([]byte, maxInput+1))}
	if _, err := io.ReadAll(newWire(in)); !errors.Is(err, errInput) || !in.closed {
		t.Error(err)
	}
}
