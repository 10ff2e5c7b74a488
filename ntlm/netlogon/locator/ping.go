package locator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Dial opens connections, as net.Dialer's DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// udpTime is how long an answer over UDP is waited for before TCP is tried: some
// networks block port 389 of UDP.
const udpTime = 300 * time.Millisecond

const maxAnswer = 64 << 10 // bytes

var errOtherDomain = errors.New("the host serves another domain")

// Ping asks the LDAP server at an address whether it is a domain controller of the
// realm, first over UDP and then over TCP.
func Ping(ctx context.Context, dial Dial, address, realm string) (*Reply, error) {
	reply, err := pingUDP(ctx, dial, address, realm)
	if err != nil && ctx.Err() == nil && !definite(err) {
		reply, err = ping(ctx, dial, "tcp", address, realm, readMessage)
	}
	if err != nil {
		return nil, fmt.Errorf("LDAP ping of %s: %w", address, err)
	}
	return reply, nil
}

// definite reports that the host has answered, and would not say anything else.
func definite(err error) bool {
	return err == errUnknown || err == errOtherDomain || err == errPaused
}

func pingUDP(ctx context.Context, dial Dial, address, realm string) (*Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, udpTime)
	defer cancel()
	return ping(ctx, dial, "udp", address, realm, readDatagram)
}

func ping(ctx context.Context, dial Dial, network, address, realm string, read func(io.Reader) ([]byte, error)) (*Reply, error) {
	c, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })()
	if _, err := c.Write(pingRequest(realm)); err != nil {
		return nil, err
	}
	answer, err := read(c)
	if err != nil {
		return nil, err
	}
	value, err := pingValue(answer)
	if err != nil {
		return nil, err
	}
	reply, err := parseReply(value)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(reply.DNSDomain, realm) {
		return nil, errOtherDomain
	}
	return reply, nil
}

func readDatagram(r io.Reader) ([]byte, error) {
	b := make([]byte, maxAnswer)
	n, err := r.Read(b)
	return b[:n], err
}

// readMessage reads an LDAP message from a stream.
func readMessage(r io.Reader) ([]byte, error) {
	head := make([]byte, 2, 6)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if head[0] != tagSequence {
		return nil, errLDAP
	}
	if head[1] >= 0x80 { // so many bytes of length follow
		octets := int(head[1] & 0x7f)
		if octets > cap(head)-2 {
			return nil, errLDAP
		}
		head = head[:2+octets]
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return nil, err
		}
	}
	header, size, ok := elementSize(head)
	if !ok || size > maxAnswer {
		return nil, errLDAP
	}
	message := append(head, make([]byte, size)...)
	_, err := io.ReadFull(r, message[header:])
	return message, err
}
