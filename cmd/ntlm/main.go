// Ntlm is a helper for Squid's "auth_param ntlm program".
package main

import (
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/decode"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

func main() {
	var c config
	var t tools
	app := program.New("ntlm", "check the logins of Squid's NTLM authentication", &c.Common)
	app.Flags = append(app.Flags, c.flags()...)
	app.Commands = slices.Concat(t.commands(), []*cli.Command{c.fakeCommand(), decode.Command()}, t.machineCommands())
	app.Action = c.serve
	call, err := byName(helper.ProgramName(), os.Args)
	app.Before = func(*cli.Context) error {
		call.Tell(os.Stderr)
		return err
	}
	os.Exit(max(program.Run(app, call.Args), t.status))
}
