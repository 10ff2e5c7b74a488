package main

import (
	"fmt"
	"path/filepath"
)

// commands are the command lines of other programs; nil: this program does that.
type commands struct{ kerberos, ntlm []string }

// The words before which the command lines stand.
const (
	kerberosMarker = "--kerberos"
	ntlmMarker     = "--ntlm"
)

// cutCommands splits a command line into this program's own words and the commands.
// Which words are markers, isNTLM and isKerberos say. As in negotiate_wrapper_auth the
// last of each kind counts, and a command ends at the other marker or at the end; an
// earlier marker of its own kind is a word like others.
func cutCommands(args []string, isKerberos, isNTLM func(string) bool) (own []string, c commands) {
	kerberos, ntlm, first := -1, -1, len(args)
	for i, word := range args {
		switch {
		case isNTLM(word):
			ntlm, first = i, min(first, i)
		case isKerberos(word):
			kerberos, first = i, min(first, i)
		}
	}
	return args[:first], commands{kerberos: behind(args, kerberos, ntlm), ntlm: behind(args, ntlm, kerberos)}
}

// behind returns the words behind a marker, up to the other one if that follows. It
// is nil only if there is no marker.
func behind(args []string, marker, other int) []string {
	switch {
	case marker < 0:
		return nil
	case other > marker:
		return args[marker+1 : other : other]
	}
	return args[marker+1:]
}

// checkCommand says what is wrong with a command.
func checkCommand(marker string, command []string) error {
	switch {
	case command == nil:
		return nil
	case len(command) == 0:
		return fmt.Errorf("%s names no program", marker)
	case !filepath.IsAbs(command[0]):
		return fmt.Errorf("%s %q: give the whole path, as programs are not looked for", marker, command[0])
	}
	return nil
}

// takesSPNEGO reports whether a command is Samba's ntlm_auth in the protocol that has
// SPNEGO in it.
func takesSPNEGO(command []string) bool {
	const option, protocol = "--helper-protocol", "gss-spnego"
	for i, word := range command {
		if word == option+"="+protocol || i > 0 && command[i-1] == option && word == protocol {
			return true
		}
	}
	return false
}
