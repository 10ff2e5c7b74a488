package nrpc

import (
	"context"
	"errors"
	"fmt"

	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/ndr"
	"squidauth/ntlm/netlogon/rpc"
)

// ErrTooLong is the error of a logon whose names or responses are longer than those
// of any client.
var ErrTooLong = errors.New("netlogon: a name or a response is longer than clients make them")

// What a logon may have in bytes. Together it fits into a request that every server
// takes in one piece.
const (
	maxName     = 512
	maxResponse = 1500
	maxLogon    = 2000
)

// ParameterControl, [MS-NRPC] section 2.2.1.4.15: machines may log on, as with
// Samba's ntlm_auth, and whoever fails does not become a guest.
const (
	dontTryGuestAccount   = 0x010
	allowServerTrust      = 0x020
	allowWorkstationTrust = 0x800
	parameterControl      = dontTryGuestAccount | allowServerTrust | allowWorkstationTrust
	networkInformation    = 2 // NETLOGON_LOGON_INFO_CLASS
	validationSAMInfo4    = 6 // NETLOGON_VALIDATION_INFO_CLASS
)

// Answer is what the server said to a logon.
type Answer struct {
	Status        Status      // 0: success
	Validation    *Validation // with success only
	Authoritative bool        // no other server would say anything else
}

// SamLogonEx calls NetrLogonSamLogonEx with a network logon, and has it answered
// with validation level 6. An error means that there is no answer. The connection
// must be sealed.
func SamLogonEx(ctx context.Context, c *rpc.Conn, computer string, l *ntlm.Logon) (*Answer, error) {
	request, err := logonRequest(computer, l)
	if err != nil {
		return nil, &rpc.NotSent{Err: err}
	}
	answer, err := c.Call(ctx, opLogonSamLogonEx, request)
	if err != nil {
		return nil, err
	}
	return parseLogonAnswer(answer)
}

// logonRequest has the parameters of the call: LogonServer, ComputerName, LogonLevel,
// LogonInformation, ValidationLevel and ExtraFlags.
func logonRequest(computer string, l *ntlm.Logon) ([]byte, error) {
	domain, user, workstation := ndr.UTF16(l.Domain), ndr.UTF16(l.User), ndr.UTF16(l.Workstation)
	names, responses := max(len(domain), len(user), len(workstation)), max(len(l.NTResponse), len(l.LMResponse))
	all := len(domain) + len(user) + len(workstation) + len(l.NTResponse) + len(l.LMResponse)
	if names > maxName || responses > maxResponse || all > maxLogon {
		return nil, ErrTooLong
	}
	var w ndr.Writer
	w.Null() // LogonServer
	w.Pointer()
	w.String(computer)
	w.Uint16(networkInformation)
	w.Uint16(networkInformation) // the union's
	w.Pointer()

	// NETLOGON_NETWORK_INFO, [MS-NRPC] section 2.2.1.4.5
	w.Counted(domain)
	w.Uint32(parameterControl)
	w.Uint32(0) // Reserved
	w.Uint32(0)
	w.Counted(user)
	w.Counted(workstation)
	w.Raw(l.Challenge[:])
	w.Counted(l.NTResponse)
	w.Counted(l.LMResponse)
	for _, name := range [][]byte{domain, user, workstation} {
		w.Content(name, 2)
	}
	w.Content(l.NTResponse, 1)
	w.Content(l.LMResponse, 1)

	w.Uint16(validationSAMInfo4)
	w.Uint32(0) // ExtraFlags
	return w.Bytes(), nil
}

// parseLogonAnswer reads ValidationInformation, Authoritative, ExtraFlags and the
// status. Whatever is not exactly that is an error.
func parseLogonAnswer(answer string) (*Answer, error) {
	r := ndr.NewReader(answer)
	level := r.Uint16()
	var v *Validation
	if r.Pointer() {
		v = readValidation(r)
	}
	a := &Answer{Authoritative: r.Uint8() != 0}
	r.Uint32() // ExtraFlags
	a.Status = Status(r.Uint32())
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("netlogon: %w", err)
	}
	if level != validationSAMInfo4 {
		return nil, errLevel
	}
	if a.Status == 0 {
		if v == nil || v.EffectiveName == "" || v.UserSID.IsZero() {
			return nil, errNobody
		}
		a.Validation = v
	}
	return a, nil
}

var (
	errLevel  = errors.New("netlogon: the answer is of another validation level")
	errNobody = errors.New("netlogon: success without a user")
)
