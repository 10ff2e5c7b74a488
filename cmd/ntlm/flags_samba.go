package main

import (
	"errors"
	"fmt"

	"squidauth/cmd/internal/program"
	"squidauth/cmd/internal/samba"
)

var errNoProtocol = errors.New("only --helper-protocol=squid-2.5-ntlmssp is served")

// ntlmAuth translates the command line of Samba's ntlm_auth. Options of this program
// may stand among its own.
func ntlmAuth(own program.Call, args []string) (program.Call, error) {
	own.Args = append(own.Args, "--dialect", "legacy")
	a, err := samba.Parse(args)
	if err == nil && !a.Helps {
		err = checkProtocol(a.Protocol)
	}
	if err != nil {
		return own, err
	}
	own.Args = append(own.Args, a.Out...)
	if note, ok := a.Note(); ok {
		own.Notes = append(own.Notes, note)
	}
	return own, nil
}

// errBasic is the error of a command line that is the program basic's.
var errBasic = errors.New("that is the protocol of auth_param basic: use the program basic")

// checkProtocol names the program that serves another protocol.
func checkProtocol(protocol string) error {
	switch protocol {
	case samba.NTLMSSP:
		return nil
	case samba.Basic, samba.Basic24:
		return fmt.Errorf("--helper-protocol=%s: %w", protocol, errBasic)
	case samba.Negotiate:
		return fmt.Errorf("--helper-protocol=%s is that of auth_param negotiate: use the program negotiate", protocol)
	case "":
		return errNoProtocol
	}
	return fmt.Errorf("--helper-protocol=%q is not one of Squid's: %w", protocol, errNoProtocol)
}
