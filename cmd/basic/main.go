// Basic is a helper for Squid's "auth_param basic program".
package main

import (
	"errors"
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/basic/pam"
	"squidauth/cmd/internal/checkup"
	"squidauth/cmd/internal/program"
	"squidauth/cmd/internal/try"
	"squidauth/helper"
	"squidauth/helper/doctor"
)

func main() {
	var c config
	status := 0
	call, err := byName(helper.ProgramName(), os.Args)
	app := newApp(&c, call)
	app.Commands = append(app.Commands,
		checkup.Command(checkup.Patient{Name: "basic", Scheme: "basic", Open: open}, &status),
		try.Command("basic", &status))
	prepare := app.Before
	app.Before = func(ctx *cli.Context) error {
		call.Tell(os.Stderr)
		return errors.Join(err, prepare(ctx))
	}
	os.Exit(max(program.Run(app, call.Args), status))
}

// newApp is the helper without its tools, for a command line that was taken apart.
func newApp(c *config, call program.Call) *cli.App {
	app := program.New("basic", "check the passwords of Squid's Basic authentication", &c.Common)
	app.Flags = append(app.Flags, c.ConcurrencyFlag(), &cli.BoolFlag{
		Name: "plain-messages", Destination: &c.plainMessages,
		Usage: "tell clients what the replaced program tells them, such as that there is no such user",
	})
	app.Flags = append(app.Flags, c.protection.flags()...)
	app.Commands = append(commands(c), chainCommand(c))
	if pam.Linked {
		c.BeforeServing = shieldFromModules
	}
	app.Action = noBackend
	app.Before = func(ctx *cli.Context) error {
		c.backend = ctx.Args().Slice()
		c.Adopt(call)
		return notEmpty(ctx, "lockout-guard")
	}
	return app
}

// open opens the helper of a command line.
func open(args []string) (doctor.Examiner, checkup.Settings, error) {
	call, err := byName(args[0], args)
	if err != nil {
		return nil, checkup.Settings{}, err
	}
	var c config
	return checkup.Open(newApp(&c, call), &c.Common, call.Args)
}
