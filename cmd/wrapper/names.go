package main

import (
	"slices"
	"strings"
)

// A call is a command line, taken apart.
type call struct {
	args     []string // for this program, with its name
	commands commands
	usage    bool // cUsage is all that is wanted
}

// cUsage is for who calls this program by the C program's name, and wrongly.
const cUsage = `usage: negotiate_wrapper_auth [-h] [-d] --ntlm PROGRAM ARG... --kerberos PROGRAM ARG...
   -h                         print this
   -d                         log more
   --ntlm PROGRAM ARG...      the helper for NTLM, with its whole path
   --kerberos PROGRAM ARG...  the helper for Kerberos, with its whole path
`

// names are those of Squid's own wrapper.
var names = []string{"negotiate_wrapper_auth", "negotiate_wrapper"}

// byName takes a command line apart in the way of the program called name. A name that
// is not that of Squid's wrapper is this program's own. Behind the name of a command all
// words are the command's.
func byName(name string, args []string) (call, error) {
	if slices.Contains(names, name) {
		return wrapperAuth(args)
	}
	if len(args) > 1 && !strings.HasPrefix(args[1], "-") {
		return call{args: args}, nil
	}
	own, c := cutCommands(args, is(kerberosMarker), is(ntlmMarker))
	return checked(call{args: own, commands: c})
}

// wrapperAuth reads the command line of negotiate_wrapper_auth. Markers are words that
// begin with one, in any case; words that are nobody's mean nothing. A command that
// lacks is no error, but shows the usage. Long options of this program may stand
// first.
func wrapperAuth(args []string) (call, error) {
	long, rest := cutLong(args[1:])
	c := call{args: append(args[:1:1], long...)}
	if len(rest) > 0 && begins("-d")(rest[0]) {
		c.args, rest = append(c.args, "--debug"), rest[1:]
	} else if len(rest) > 0 && begins("-h")(rest[0]) {
		return call{usage: true}, nil
	}
	_, c.commands = cutCommands(rest, begins(kerberosMarker), begins(ntlmMarker))
	if len(c.commands.kerberos) == 0 || len(c.commands.ntlm) == 0 {
		return call{usage: true}, nil
	}
	return checked(c)
}

func checked(c call) (call, error) {
	if err := checkCommand(kerberosMarker, c.commands.kerberos); err != nil {
		return c, err
	}
	return c, checkCommand(ntlmMarker, c.commands.ntlm)
}

// cutLong takes the long options of this program off that stand first and have no
// value, or have it attached.
func cutLong(args []string) (long, rest []string) {
	n := 0
	for n < len(args) && strings.HasPrefix(args[n], "--") && !begins(kerberosMarker)(args[n]) && !begins(ntlmMarker)(args[n]) {
		n++
	}
	return args[:n], args[n:]
}

func is(marker string) func(string) bool {
	return func(word string) bool { return word == marker }
}

func begins(marker string) func(string) bool {
	return func(word string) bool {
		return len(word) >= len(marker) && strings.EqualFold(word[:len(marker)], marker)
	}
}
