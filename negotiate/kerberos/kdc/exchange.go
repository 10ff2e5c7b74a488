package kdc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	kdcPort = "88"
	// maxKDCs and patience bound a request: where none of a realm's KDCs answers,
	// the caller's deadline may come first.
	maxKDCs  = 8
	patience = 5 * time.Second
	// maxAnswer bounds an answer in bytes. A ticket with a large PAC has 60 KB.
	maxAnswer = 1 << 20
)

// exchange sends a message to the KDCs of a realm, one after the other until one
// answers, by TCP (RFC 4120 section 7.2.2).
func (c *config) exchange(ctx context.Context, realm string, message []byte) ([]byte, error) {
	addresses, err := c.addresses(ctx, realm)
	if err != nil {
		return nil, err
	}
	var failures []string
	for _, a := range addresses[:min(len(addresses), maxKDCs)] {
		answer, err := ask(ctx, a, message)
		if err == nil {
			return answer, nil
		}
		failures = append(failures, err.Error())
	}
	return nil, fmt.Errorf("no KDC of realm %s answers: %s", realm, strings.Join(failures, "; "))
}

// addresses returns where a realm's KDCs are: as krb5.conf says, else as DNS does
// (RFC 4120 section 7.2.3.2).
func (c *config) addresses(ctx context.Context, realm string) ([]string, error) {
	var found []string
	for _, kdc := range c.kdcs[realm] {
		if strings.Contains(kdc, "://") {
			continue // a proxy (MS-KKDCP)
		}
		host, port, err := net.SplitHostPort(kdc)
		if err != nil {
			host, port = strings.Trim(kdc, "[]"), kdcPort
		}
		found = append(found, net.JoinHostPort(host, port))
	}
	switch {
	case len(found) > 0:
		return found, nil
	case len(c.kdcs[realm]) > 0:
		return nil, fmt.Errorf("krb5.conf has KDCs of realm %s behind an HTTPS proxy only, which this program does not speak to", realm)
	case c.noDNS:
		return nil, fmt.Errorf("krb5.conf has no KDC of realm %s, and dns_lookup_kdc = false; files that krb5.conf includes are not read", realm)
	}
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "kerberos", "tcp", realm)
	if err != nil {
		return nil, fmt.Errorf("neither krb5.conf nor DNS has a KDC of realm %s (%w); files that krb5.conf includes are not read", realm, err)
	}
	for _, r := range records {
		found = append(found, net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port))))
	}
	return found, nil
}

var errAnswerSize = errors.New("the answer has no sensible size")

func ask(ctx context.Context, address string, message []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // long ago: what waits fails
	defer stop()
	answer, err := roundTrip(conn, message)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return answer, nil
}

func roundTrip(conn io.ReadWriter, message []byte) ([]byte, error) {
	framed := append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
	if _, err := conn.Write(framed); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n == 0 || n > maxAnswer {
		return nil, errAnswerSize
	}
	answer := make([]byte, n)
	_, err := io.ReadFull(conn, answer)
	return answer, err
}
