// Package samba reads the command line of Samba's ntlm_auth, in whose place programs
// of several schemes stand.
package samba

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The options of Samba's ntlm_auth that mean nothing to a helper of Squid, or to these
// programs, by whether they have a value.
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

// The protocols of Squid's helpers.
const (
	NTLMSSP   = "squid-2.5-ntlmssp"
	Basic     = "squid-2.5-basic"
	Basic24   = "squid-2.4-basic" // without %-escapes, which Squid has sent ever since
	Negotiate = "gss-spnego"
)

// The errors of what is not served, whoever is called ntlm_auth.
var (
	ErrOneShot  = errors.New("single responses are not checked, only those that Squid passes on: --helper-protocol=squid-2.5-ntlmssp")
	ErrPassword = errors.New("--password is not accepted: everybody would be let in with it, and everybody on this machine can read it; to try out a squid.conf, use 'ntlm hash add' and --hashes")
)

// Args is a command line of ntlm_auth. Options of the program that is called so may
// stand among its own.
type Args struct {
	Protocol string   // value of --helper-protocol, the last one; empty: there is none
	Out      []string // options of the program, and those that ntlm_auth's become
	Ignored  []string // options without a meaning here
	Helps    bool     // nothing is to be served

	rest []string
}

// Parse reads words as popt(3) does.
func Parse(words []string) (Args, error) {
	a := Args{rest: words}
	for len(a.rest) > 0 {
		if err := a.next(); err != nil {
			return Args{}, err
		}
	}
	return a, nil
}

// Note says which options have no meaning here, if there are any.
func (a *Args) Note() (string, bool) {
	return "options without a meaning here: " + strings.Join(a.Ignored, ", "), len(a.Ignored) > 0
}

func (a *Args) next() error {
	word := a.rest[0]
	a.rest = a.rest[1:]
	name, value, attached := strings.Cut(word, "=")
	if len(word) > 2 && word[0] == '-' && strings.ContainsRune("dsl", rune(word[1])) {
		name, value, attached = word[:2], strings.TrimPrefix(word[2:], "="), true
	}
	switch {
	case slices.Contains(ignoredFlags, name):
		a.Ignored = append(a.Ignored, name)
		return nil
	case slices.Contains(oneShot, name):
		return ErrOneShot
	case name == "--password":
		return ErrPassword
	case name == "--help", name == "--usage", name == "-?":
		a.Out, a.Helps = append(a.Out, "--help"), true
		return nil
	case name == "--version", name == "-V":
		a.Out, a.Helps = append(a.Out, "--version"), true
		return nil
	case !slices.Contains(ignoredValues, name) && !slices.Contains([]string{"--helper-protocol", "--require-membership-of", "--debuglevel", "-d"}, name):
		a.Out = append(a.Out, word) // of this program, or the value of an option of this program
		return nil
	case !attached && len(a.rest) == 0:
		return fmt.Errorf("option %s needs a value", name)
	case !attached:
		value, a.rest = a.rest[0], a.rest[1:]
	}
	a.option(name, value)
	return nil
}

// option takes an option that has a value.
func (a *Args) option(name, value string) {
	switch name {
	case "--helper-protocol":
		a.Protocol = value
	case "--require-membership-of":
		a.Out = append(a.Out, "--require-group", value)
	case "--debuglevel", "-d":
		if value != "0" {
			a.Out = append(a.Out, "--debug")
		}
	default:
		a.Ignored = append(a.Ignored, name)
	}
}
