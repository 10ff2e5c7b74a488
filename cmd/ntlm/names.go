package main

import (
	"errors"
	"fmt"
	"strings"

	"squidauth/cmd/internal/program"
)

// translations are by the names of the programs whose place this one takes, which are
// Squid's helpers and Samba's. Each returns the command line of this program that does what
// such a program does with the arguments args. own holds this program's name.
var translations = map[string]func(own program.Call, args []string) (program.Call, error){
	"ntlm_auth":        eitherAuth,
	"ntlm_smb_lm_auth": smbLM,
	"ntlm_fake_auth":   fakeAuth,
	"fakeauth_auth":    fakeAuth,
}

// byName returns the command line of this program that does what the program called
// name does with the arguments args. A name that is nobody else's is this program's own.
func byName(name string, args []string) (program.Call, error) {
	if translate, known := translations[name]; known {
		return translate(program.Call{Args: args[:1:1]}, args[1:])
	}
	return program.Call{Args: args}, nil
}

// eitherAuth translates the command line of one of the two programs that were called
// ntlm_auth.
func eitherAuth(own program.Call, args []string) (program.Call, error) {
	if isSMBLM(args) {
		return smbLM(own, args)
	}
	return ntlmAuth(own, args)
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
