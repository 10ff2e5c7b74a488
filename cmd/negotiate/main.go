// Negotiate is a helper for Squid's "auth_param negotiate program".
package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/decode"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

func main() {
	if helper.ProgramName() == authTestName {
		os.Exit(kerberosAuthTest(os.Args[1:]))
	}
	var c config
	t := tools{keytab: &c.kerberos.Keytab}
	app := program.New("negotiate", "accept the Kerberos tickets of Squid's Negotiate authentication", &c.Common)
	app.Flags = append(app.Flags, c.negotiateFlags()...)
	app.Commands = append(t.commands(), decode.Command())
	app.Action = func(ctx *cli.Context) error { return c.serve(ctx) }
	args, err := byName(helper.ProgramName(), os.Args)
	if err != nil {
		app.Before = func(*cli.Context) error { return err }
	}
	os.Exit(max(program.Run(app, args), t.status))
}
