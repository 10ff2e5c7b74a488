// Package epm asks the endpoint mapper of a host at which TCP port a service of it
// listens (C706 appendix O, [MS-RPCE] section 3.1.2.5).
package epm

import (
	"context"
	"errors"
	"fmt"

	"squidauth/ntlm/netlogon/ndr"
	"squidauth/ntlm/netlogon/rpc"
)

// Port is the endpoint mapper's own TCP port.
const Port = "135"

var errNoEndpoint = errors.New("epm: the service does not listen on TCP, or is not running")

const (
	opMap     = 3 // ept_map
	maxTowers = 16
	handle    = 20 // bytes of ept_lookup_handle_t
)

// errNotRegistered is EPT_S_NOT_REGISTERED, in the numbers of C706 and of Windows.
const (
	notRegistered      = 0x16C9A0D6
	notRegisteredWin32 = 0x000006D9
)

// Ports returns the TCP ports at which the host of the connection offers an
// interface, at least one, in the host's order. The answer is not protected.
func Ports(ctx context.Context, c *rpc.Conn, iface rpc.Syntax) ([]uint16, error) {
	answer, err := c.Call(ctx, opMap, request(iface))
	if err != nil {
		return nil, err
	}
	return parseAnswer(answer, iface)
}

// request has the parameters of ept_map: no object, a tower of what is wanted, a
// new handle, and how many towers to return.
func request(iface rpc.Syntax) []byte {
	wanted := appendTower(nil, iface, 0)
	var w ndr.Writer
	w.Null()
	w.Pointer()
	w.Uint32(uint32(len(wanted)))
	w.Uint32(uint32(len(wanted)))
	w.Raw(wanted)
	w.Align(4)
	w.Raw(make([]byte, handle))
	w.Uint32(maxTowers)
	return w.Bytes()
}

// parseAnswer reads every tower of the answer.
func parseAnswer(answer string, iface rpc.Syntax) ([]uint16, error) {
	r := ndr.NewReader(answer)
	r.Raw(handle)
	count := r.Uint32()
	n := r.Varying(4)
	pointers := make([]bool, 0, min(n, maxTowers))
	for range n {
		pointers = append(pointers, r.Pointer())
	}
	var ports []uint16
	for _, set := range pointers {
		if !set {
			continue
		}
		if port := portOf(readTower(r), iface); port != 0 {
			ports = append(ports, port)
		}
	}
	r.Align(4)
	status := r.Uint32()
	switch err := r.End(); {
	case err != nil:
		return nil, fmt.Errorf("epm: %w", err)
	case status == notRegistered || status == notRegisteredWin32:
		return nil, errNoEndpoint
	case status != 0:
		return nil, fmt.Errorf("epm: status 0x%08X", status)
	case uint32(n) != count || len(ports) == 0:
		return nil, errNoEndpoint
	}
	return ports, nil
}

// readTower takes a twr_t, C706 appendix I.
func readTower(r *ndr.Reader) string {
	n := r.Uint32()
	return r.Raw(r.Count(n, 1))
}
