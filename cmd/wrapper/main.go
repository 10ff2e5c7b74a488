// Wrapper is a helper for Squid's "auth_param negotiate program" that takes Kerberos
// and NTLM.
package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/decode"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

const description = `Clients that offer Kerberos, bare or within SPNEGO and in whatever place, are for
--keytab, or for the program of --kerberos; clients of NTLM, bare or within SPNEGO,
are for --hashes or a domain controller, or for the program of --ntlm. A program is
named with its whole path, behind all options, and the words up to the other of the
two are its own.`

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
	app.Commands = []*cli.Command{decode.Command()}
	app.Action = c.serve
	os.Exit(program.Run(app, call.args))
}
