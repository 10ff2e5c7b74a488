package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"squidauth/cmd/internal/program"
	"squidauth/cmd/internal/samba"
)

// byWindows completes a call with options of this program and of its backend windows.
// The programs in whose place this one stands told nothing of groups.
func byWindows(own program.Call, options []string, more ...string) program.Call {
	before, backend := splitOptions(options)
	own.Args = append(append(own.Args, "--plain-messages"), before...)
	own.Args = append(append(append(own.Args, "windows", "--group-format", "none"), backend...), more...)
	return own
}

// isHelp reports that nothing is to be served.
func isHelp(words []string) bool {
	return slices.Contains(words, "--help") || slices.Contains(words, "--version")
}

const noteNetlogon = "SMB1 is not spoken: the domain controllers are asked over Netlogon, which takes --machine-account='NAME$' --machine-secret=FILE before the other arguments"

var (
	errTwoDomains   = errors.New("the domain controllers are of different domains: name those of the one that this machine is in, which knows the users of the others")
	errNoController = errors.New("say which domain controller to ask: DOMAIN/DC")
)

// sambaAuth translates the command line of Samba's ntlm_auth, whose protocols for basic
// are served alike: Squid has escaped what it sends since 2.5.
func sambaAuth(own program.Call, args []string) (program.Call, error) {
	a, err := samba.Parse(args)
	switch {
	case err != nil:
		return own, err
	case !a.Helps && a.Protocol != samba.Basic && a.Protocol != samba.Basic24:
		return own, fmt.Errorf("--helper-protocol=%q is not that of auth_param basic, which is squid-2.5-basic: use the program ntlm or negotiate", a.Protocol)
	}
	if note, ok := a.Note(); ok {
		own.Notes = append(own.Notes, note)
	}
	return byWindows(own, a.Out), nil
}

// smbLMAuth translates the command line of basic_smb_lm_auth, which is a list of domain
// controllers.
func smbLMAuth(own program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	own.Notes = append(own.Notes, noteNetlogon)
	var domain string
	var dcs []string
	for _, word := range rest {
		d, dc, ok := strings.Cut(word, "/")
		switch {
		case !ok || d == "" || dc == "":
			return own, fmt.Errorf("%q is not DOMAIN/DC", word)
		case domain != "" && !strings.EqualFold(d, domain):
			return own, errTwoDomains
		}
		domain, dcs = d, append(dcs, dc)
	}
	if domain == "" && !isHelp(long) {
		return own, errNoController
	}
	return byWindows(own, long, "--domain", domain, "--dc", strings.Join(dcs, ",")), nil
}
