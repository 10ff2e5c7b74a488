package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"squidauth/cmd/internal/program"
)

// The options of Samba's ntlm_auth that mean nothing to a helper of Squid, or to this
// one, by whether they have a value.
var (
	ignoredFlags = []string{
		"--diagnostics", "--offline-logon", "--use-cached-creds", "--debug-stdout", "--leak-report", "--leak-report-full",
		"--allow-mschapv2", "--request-lm-key", "--request-nt-key",
	}
	ignoredValues = []string{
		"--username", "--workstation", "--pam-winbind-conf", "--target-service", "--target-hostname",
		"--configfile", "-s", "--option", "--log-basename", "-l",
	}
	oneShot = []string{"--challenge", "--lm-response", "--nt-response"}
)

var (
	errNoProtocol = errors.New("only --helper-protocol=squid-2.5-ntlmssp is served")
	errOneShot    = errors.New("single responses are not checked, only those that Squid passes on: --helper-protocol=squid-2.5-ntlmssp")
	errPassword   = errors.New("--password is not accepted: everybody would be let in with it, and everybody on this machine can read it; to try out a squid.conf, use 'ntlm hash add' and --hashes")
)

// ntlmAuth translates the command line of Samba's ntlm_auth. Options of this program
// may stand among its own.
func ntlmAuth(own program.Call, args []string) (program.Call, error) {
	own.Args = append(own.Args, "--dialect", "legacy")
	s := sambaArgs{rest: args}
	for len(s.rest) > 0 {
		if err := s.next(); err != nil {
			return own, err
		}
	}
	if !s.helps && !s.protocol {
		return own, errNoProtocol
	}
	own.Args = append(own.Args, s.out...)
	if len(s.ignored) > 0 {
		own.Notes = append(own.Notes, "options without a meaning here: "+strings.Join(s.ignored, ", "))
	}
	return own, nil
}

// sambaArgs reads words as popt(3) does.
type sambaArgs struct {
	rest, out, ignored []string

	protocol bool // a protocol that is served was named
	helps    bool // nothing is to be served
}

func (s *sambaArgs) next() error {
	word := s.rest[0]
	s.rest = s.rest[1:]
	name, value, attached := strings.Cut(word, "=")
	if len(word) > 2 && word[0] == '-' && strings.ContainsRune("dsl", rune(word[1])) {
		name, value, attached = word[:2], strings.TrimPrefix(word[2:], "="), true
	}
	switch {
	case slices.Contains(ignoredFlags, name):
		s.ignored = append(s.ignored, name)
		return nil
	case slices.Contains(oneShot, name):
		return errOneShot
	case name == "--password":
		return errPassword
	case name == "--help", name == "--usage", name == "-?":
		s.out, s.helps = append(s.out, "--help"), true
		return nil
	case name == "--version", name == "-V":
		s.out, s.helps = append(s.out, "--version"), true
		return nil
	case !slices.Contains(ignoredValues, name) && !slices.Contains([]string{"--helper-protocol", "--require-membership-of", "--debuglevel", "-d"}, name):
		s.out = append(s.out, word) // of this program, or the value of an option of this program
		return nil
	case !attached && len(s.rest) == 0:
		return fmt.Errorf("option %s needs a value", name)
	case !attached:
		value, s.rest = s.rest[0], s.rest[1:]
	}
	return s.option(name, value)
}

// option takes an option that has a value.
func (s *sambaArgs) option(name, value string) error {
	switch name {
	case "--helper-protocol":
		s.protocol = true
		return checkProtocol(value)
	case "--require-membership-of":
		s.out = append(s.out, "--require-group", value)
	case "--debuglevel", "-d":
		if value != "0" {
			s.out = append(s.out, "--debug")
		}
	default:
		s.ignored = append(s.ignored, name)
	}
	return nil
}

// checkProtocol names the program that serves a protocol, if this one does not.
func checkProtocol(protocol string) error {
	switch protocol {
	case "squid-2.5-ntlmssp":
		return nil
	case "squid-2.5-basic", "squid-2.4-basic":
		return fmt.Errorf("--helper-protocol=%s is that of auth_param basic: use the program basic", protocol)
	case "gss-spnego":
		return fmt.Errorf("--helper-protocol=%s is that of auth_param negotiate: use the program negotiate", protocol)
	}
	return fmt.Errorf("--helper-protocol=%q is not one of Squid's: %w", protocol, errNoProtocol)
}
