// Negotiate is a helper for Squid's "auth_param negotiate program".
package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

func main() {
	var c config
	app := program.New("negotiate", "accept the Kerberos tickets of Squid's Negotiate authentication", &c.Common)
	app.Flags = append(app.Flags, c.negotiateFlags()...)
	app.Action = func(ctx *cli.Context) error { return c.serve(ctx) }
	args, err := byName(helper.ProgramName(), os.Args)
	if err != nil {
		app.Before = func(*cli.Context) error { return err }
	}
	os.Exit(program.Run(app, args))
}
