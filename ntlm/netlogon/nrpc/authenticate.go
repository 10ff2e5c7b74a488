package nrpc

import (
	"context"
	"fmt"

	"squidauth/ntlm/netlogon/ndr"
	"squidauth/ntlm/netlogon/rpc"
	"squidauth/ntlm/netlogon/ssp"
)

// Numbers of operations, [MS-NRPC] section 3.5.4.
const (
	opServerReqChallenge  = 4
	opServerAuthenticate3 = 26
	opLogonSamLogonEx     = 39
)

// Flags are the capabilities of [MS-NRPC] section 3.1.4.2.
type Flags uint32

// Capabilities.
const (
	// Proposed is what Windows proposes, but for RC4.
	Proposed Flags = 0x612FFFFB

	strongKeys       Flags = 0x00004000
	crossForest      Flags = 0x00080000
	aes              Flags = 0x01000000
	authenticatedRPC Flags = 0x40000000

	// Required are those without which there is no secure channel. Servers with
	// the last two know validation level 6 ([MS-APDS] section 3.1.5.2).
	Required = strongKeys | aes | crossForest | authenticatedRPC
)

// ReqChallenge calls NetrServerReqChallenge: it tells the server the client's
// challenge, and returns the server's.
func ReqChallenge(ctx context.Context, c *rpc.Conn, computer string, client ssp.Challenge) (server ssp.Challenge, err error) {
	var w ndr.Writer
	w.Null() // PrimaryName
	w.String(computer)
	w.Raw(client[:])
	answer, err := c.Call(ctx, opServerReqChallenge, w.Bytes())
	if err != nil {
		return ssp.Challenge{}, err
	}
	r := ndr.NewReader(answer)
	copy(server[:], r.Raw(len(server)))
	if err := end(r); err != nil {
		return ssp.Challenge{}, err
	}
	return server, nil
}

// Authenticate3 calls NetrServerAuthenticate3: it proves with a credential that the
// client knows the session key, and returns the server's credential, which nobody
// has checked yet, and the capabilities that both have.
func Authenticate3(ctx context.Context, c *rpc.Conn, account, computer string, client ssp.Credential) (server ssp.Credential, flags Flags, err error) {
	const workstationSecureChannel = 2
	var w ndr.Writer
	w.Null() // PrimaryName
	w.String(account)
	w.Uint16(workstationSecureChannel)
	w.Align(4)
	w.String(computer)
	w.Raw(client[:])
	w.Uint32(uint32(Proposed))
	answer, err := c.Call(ctx, opServerAuthenticate3, w.Bytes())
	if err != nil {
		return ssp.Credential{}, 0, err
	}
	r := ndr.NewReader(answer)
	copy(server[:], r.Raw(len(server)))
	flags = Flags(r.Uint32())
	r.Uint32() // AccountRid
	if err := end(r); err != nil {
		return ssp.Credential{}, 0, err
	}
	return server, flags, nil
}

// end takes the status at the end of an answer. Success is nil.
func end(r *ndr.Reader) error {
	status := Status(r.Uint32())
	if err := r.End(); err != nil {
		return fmt.Errorf("netlogon: %w", err)
	}
	if status != 0 {
		return status
	}
	return nil
}
