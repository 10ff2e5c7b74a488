package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"squidauth/cmd/internal/getopt"
)

// fakeAuth translates the command line of ntlm_fake_auth.
func fakeAuth(own call, args []string) (call, error) {
	long, rest := cutLong(args)
	options, _, err := getopt.Parse(rest, "hdvSt:")
	if err != nil {
		return own, err
	}
	own.args = append(append(own.args, "--dialect", "legacy"), long...)
	var flags []string
	for _, o := range options {
		switch o.Letter {
		case 'd', 'v': // which adds hexadecimal dumps of the messages: never here
			own.args = append(own.args, "--debug")
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
	own.args = append(append(own.args, "fake"), flags...)
	return own, nil
}

const noteSMB = "SMB1 is not spoken: the domain controllers are asked over Netlogon, which takes --machine-account='NAME$' --machine-secret=FILE before the other arguments"

var errNoController = errors.New(`say which domain controller to ask: DOMAIN\DC`)

// smbLM translates the command line of ntlm_smb_lm_auth, which is a list of domain
// controllers. It always began with one of its choice, so -b means nothing.
func smbLM(own call, args []string) (call, error) {
	own.notes = append(own.notes, noteSMB)
	long, rest := cutLong(args)
	options, operands, err := getopt.Parse(rest, "bfd")
	if err != nil {
		return own, err
	}
	own.args = append(append(own.args, "--dialect", "legacy", "--lower-case"), long...)
	for _, o := range options {
		if o.Letter == 'd' {
			own.args = append(own.args, "--debug")
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
	own.args = append(own.args, "--domain", domain, "--dc", strings.Join(dcs, ","))
	return own, nil
}
