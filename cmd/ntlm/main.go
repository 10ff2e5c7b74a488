// Ntlm is a helper for Squid's "auth_param ntlm program".
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/checkup"
	"squidauth/cmd/internal/decode"
	"squidauth/cmd/internal/program"
	"squidauth/cmd/internal/try"
	"squidauth/helper"
	"squidauth/helper/doctor"
)

func main() {
	var c config
	var t tools
	app := newApp(&c)
	app.Commands = slices.Concat(t.commands(), app.Commands, t.machineCommands(), []*cli.Command{
		decode.Command(),
		checkup.Command(checkup.Patient{Name: "ntlm", Scheme: "ntlm", Open: open}, &t.status),
		try.Command("ntlm", &t.status),
	})
	call, err := byName(helper.ProgramName(), os.Args)
	if errors.Is(err, errBasic) {
		err = fmt.Errorf("%w (%w)", err, become("basic", os.Args[1:]))
	}
	app.Before = func(*cli.Context) error {
		call.Tell(os.Stderr)
		return err
	}
	os.Exit(max(program.Run(app, call.Args), t.status))
}

// newApp is the helper without its tools.
func newApp(c *config) *cli.App {
	app := program.New("ntlm", "check the logins of Squid's NTLM authentication", &c.Common)
	app.Flags = append(app.Flags, c.flags()...)
	app.Commands = []*cli.Command{c.fakeCommand()}
	app.Action = c.serve
	return app
}

// open opens the helper of a command line.
func open(args []string) (doctor.Examiner, checkup.Settings, error) {
	call, err := byName(args[0], args)
	if err != nil {
		return nil, checkup.Settings{}, err
	}
	var c config
	return checkup.Open(newApp(&c), &c.Common, call.Args)
}
