package radius

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"squidauth/protocol"
)

// link is a socket that is connected to one address of a server, so that the system
// drops what comes from others. It has one request in flight at most. One goroutine may
// use it at a time, but for interrupt.
type link struct {
	conn    net.Conn
	local   netip.Addr
	hashes  hashes
	id      byte
	request authenticator
	out     []byte          // the request
	in      [maxPacket]byte // the last datagram
}

// newLink makes a link of a connection. Its first identifier is hard to guess.
func newLink(conn net.Conn, random io.Reader) (*link, error) {
	l := &link{conn: conn}
	if a, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		l.local = a.AddrPort().Addr().Unmap().WithZone("")
	}
	var first [1]byte
	if _, err := io.ReadFull(random, first[:]); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	l.id = first[0]
	return l, nil
}

// prepare makes a new request: another identifier, another authenticator.
func (l *link) prepare(q question, nas *NAS, secret protocol.Secret, random io.Reader) error {
	l.hashes.setSecret(secret)
	l.id++
	if _, err := io.ReadFull(random, l.request[:]); err != nil {
		return err
	}
	var buf [2 * maxValue]byte
	l.out = appendRequest(l.out[:0], &l.hashes, l.id, &l.request, q, nas.append(buf[:0], l.local))
	return nil
}

// send sends the request, byte for byte the same as before.
func (l *link) send() error {
	_, err := l.conn.Write(l.out)
	return err
}

// receive waits for a datagram until a time, or until ctx is done and interrupt was
// called, and returns the answer in it. The error may be os.ErrDeadlineExceeded, one of
// readReply's, or of the network.
func (l *link) receive(ctx context.Context, until time.Time) (reply, error) {
	if err := l.conn.SetReadDeadline(until); err != nil {
		return reply{}, err
	}
	if ctx.Err() != nil { // perhaps the interrupt came before
		return reply{}, os.ErrDeadlineExceeded
	}
	n, err := l.conn.Read(l.in[:])
	if err != nil {
		return reply{}, err
	}
	return readReply(l.in[:n], l.id, &l.request, &l.hashes)
}

// interrupt ends a receive, when its ctx is done.
func (l *link) interrupt() { _ = l.conn.SetReadDeadline(time.Unix(1, 0)) } // if it is closed, all the better

func (l *link) close() { _ = l.conn.Close() } // nothing is lost
