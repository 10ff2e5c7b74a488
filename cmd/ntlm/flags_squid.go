package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"squidauth/cmd/internal/getopt"
	"squidauth/cmd/internal/program"
)

// fakeAuth translates the command line of ntlm_fake_auth.
func fakeAuth(own program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	options, _, err := getopt.Parse(rest, "hdvSt:")
	if err != nil {
		return own, err
	}
	own.Args = append(append(own.Args, "--dialect", "legacy"), long...)
	var flags []string
	for _, o := range options {
		switch o.Letter {
		case 'd', 'v': // which adds hexadecimal dumps of the messages: never here
			own.Args = append(own.Args, "--debug")
		case 'S':
			flags = append(flags, "--strip-domain")
		case 't':
			ms, err := strconv.ParseUint(o.Value, 10, 32)
			if err != nil {
				return own, fmt.Errorf("-t %q is not a number of milliseconds", o.Value)
			}
			flags = append(flags, "--delay", fmt.Sprintf("%dms", ms))
		case 'h':
			flags = append(flags, "--help")
		}
	}
	own.Args = append(append(own.Args, "fake"), flags...)
	return own, nil
}

const noteSMB = "SMB1 is not spoken: the domain controllers are asked over Netlogon, which takes --machine-account='NAME$' --machine-secret=FILE before the other arguments"

var errNoController = errors.New(`say which domain controller to ask: DOMAIN\DC`)

// smbLM translates the command line of ntlm_smb_lm_auth, which is a list of domain
// controllers. It always began with one of its choice, so -b means nothing.
func smbLM(own program.Call, args []string) (program.Call, error) {
	own.Notes = append(own.Notes, noteSMB)
	long, rest := program.CutLong(args)
	options, operands, err := getopt.Parse(rest, "bfd")
	if err != nil {
		return own, err
	}
	own.Args = append(append(own.Args, "--dialect", "legacy", "--lower-case"), long...)
	for _, o := range options {
		if o.Letter == 'd' {
			own.Args = append(own.Args, "--debug")
		}
	}
	var domain string
	var dcs []string
	for _, operand := range operands {
		d, dc, err := splitController(operand)
		switch {
		case err != nil:
			return own, err
		case domain != "" && d != domain:
			return own, errTwoDomains
		}
		domain, dcs = d, append(dcs, dc)
	}
	if domain == "" {
		return own, errNoController
	}
	own.Args = append(own.Args, "--domain", domain, "--dc", strings.Join(dcs, ","))
	return own, nil
}
