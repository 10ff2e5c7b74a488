package main

import (
	"errors"
	"fmt"
	"strings"

	"squidauth/cmd/internal/program"
)

// byName returns the command line of this program that does what the program called
// name does with the arguments args. Squid's helpers and Samba's have such names; any
// other name is this program's own.
func byName(name string, args []string) (program.Call, error) {
	own := program.Call{Args: args[:1:1]}
	switch rest := args[1:]; name {
	case "ntlm_auth":
		if isSMBLM(rest) {
			return smbLM(own, rest)
		}
		return ntlmAuth(own, rest)
	case "ntlm_smb_lm_auth":
		return smbLM(own, rest)
	case "ntlm_fake_auth", "fakeauth_auth":
		return fakeAuth(own, rest)
	}
	return program.Call{Args: args}, nil
}

// isSMBLM reports whether this is a command line of Squid's own ntlm_auth, which
// is called ntlm_smb_lm_auth since Squid 3.2, and not one of Samba's.
func isSMBLM(args []string) bool {
	controllers := false
	for _, a := range args {
		switch {
		case strings.HasPrefix(a, "--helper-protocol"):
			return false
		case !strings.HasPrefix(a, "-") && strings.ContainsAny(a, `\/`):
			controllers = true
		}
	}
	return controllers
}

var errTwoDomains = errors.New("the domain controllers are of different domains: name those of one")

// splitController splits DOMAIN\DC or DOMAIN/DC.
func splitController(s string) (domain, dc string, err error) {
	at := strings.IndexAny(s, `\/`)
	if at <= 0 || at == len(s)-1 {
		return "", "", fmt.Errorf(`%q is not DOMAIN\DC`, s)
	}
	return strings.ToUpper(s[:at]), s[at+1:], nil
}
