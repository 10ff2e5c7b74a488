package machine

import (
	"errors"
	"net"

	"squidauth/ntlm/machine/gss"
)

// maxInput bounds in bytes what a domain controller may send in a connection: a
// dozen of answers of a few KB each.
const maxInput = 4 << 20

var errInput = errors.New("it sends more than was asked for")

// bounded is a connection that bounds what comes in.
type bounded struct {
	net.Conn
	left int // bytes that may still come in
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if b.left -= n; b.left < 0 {
		b.Close()
		return 0, errInput
	}
	return n, err
}

func newWire(c net.Conn) *gss.Conn { return gss.NewConn(&bounded{c, maxInput}) }
