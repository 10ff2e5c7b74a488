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
		err = checkProtocol(a.Protocol, args)
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

// checkProtocol has the program basic take the place of this one, with the same
// arguments, if the protocol is its own, and names the program that serves another.
func checkProtocol(protocol string, args []string) error {
	switch protocol {
	case samba.NTLMSSP:
		return nil
	case samba.Basic, samba.Basic24:
		return fmt.Errorf("--helper-protocol=%s is that of auth_param basic: use the program basic (%w)", protocol, become("basic", args))
	case samba.Negotiate:
		return fmt.Errorf("--helper-protocol=%s is that of auth_param negotiate: use the program negotiate", protocol)
	case "":
		return errNoProtocol
	}
	return fmt.Errorf("--helper-protocol=%q is not one of Squid's: %w", protocol, errNoProtocol)
}
