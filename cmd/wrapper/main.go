// Wrapper is a helper for Squid's "auth_param negotiate program" that takes Kerberos
// and NTLM.
package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

const description = `What begins with Kerberos, also within SPNEGO and behind other mechanisms, is for
the keytab, or the program of --kerberos; NTLM, also within SPNEGO, is for --hashes,
or the program of --ntlm. Programs are given with their whole path, behind all
options, and everything up to the other of the two words is theirs.`

func main() {
	call, err := byName(helper.ProgramName(), os.Args)
	if call.usage {
		fmt.Fprint(os.Stderr, cUsage)
		return
	}
	c := config{commands: call.commands}
	app := program.New("wrapper", "accept Kerberos and NTLM in Squid's Negotiate authentication", &c.Common)
	app.UsageText = "wrapper [options] [--kerberos PROGRAM ARG…] [--ntlm PROGRAM ARG…]"
	app.Description = description
	app.Flags = append(app.Flags, c.flags()...)
	app.Before = func(*cli.Context) error { return err }
	app.Action = c.serve
	os.Exit(program.Run(app, call.args))
}
