// Negotiate is a helper for Squid's "auth_param negotiate program".
package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/checkup"
	"squidauth/cmd/internal/decode"
	"squidauth/cmd/internal/program"
	"squidauth/cmd/internal/try"
	"squidauth/helper"
	"squidauth/helper/doctor"
)

func main() {
	if helper.ProgramName() == authTestName {
		os.Exit(kerberosAuthTest(os.Args[1:]))
	}
	var c config
	t := tools{keytab: &c.kerberos.Keytab}
	app := newApp(&c)
	app.Commands = append(t.commands(), decode.Command(),
		checkup.Command(checkup.Patient{Name: "negotiate", Scheme: "negotiate", Open: open}, &t.status),
		try.Command("negotiate", &t.status))
	args, err := byName(helper.ProgramName(), os.Args)
	if err != nil {
		app.Before = func(*cli.Context) error { return err }
	}
	os.Exit(max(program.Run(app, args), t.status))
}

// newApp is the helper without its tools.
func newApp(c *config) *cli.App {
	app := program.New("negotiate", "accept the Kerberos tickets of Squid's Negotiate authentication", &c.Common)
	app.Flags = append(app.Flags, c.negotiateFlags()...)
	app.Action = c.serve
	return app
}

// open opens the helper of a command line.
func open(args []string) (doctor.Examiner, checkup.Settings, error) {
	args, err := byName(args[0], args)
	if err != nil {
		return nil, checkup.Settings{}, err
	}
	var c config
	return checkup.Open(newApp(&c), &c.Common, args)
}
