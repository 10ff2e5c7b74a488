// Wrapper is a helper for Squid's "auth_param negotiate program" that takes Kerberos
// and NTLM.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/checkup"
	"squidauth/cmd/internal/decode"
	"squidauth/cmd/internal/program"
	"squidauth/cmd/internal/try"
	"squidauth/helper"
	"squidauth/helper/doctor"
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
	app := newApp(&c)
	app.Before = func(*cli.Context) error { return err }
	status := 0
	app.Commands = []*cli.Command{
		decode.Command(),
		checkup.Command(checkup.Patient{Name: "wrapper", Scheme: "negotiate", Open: open}, &status),
		try.Command("negotiate", &status),
	}
	os.Exit(max(program.Run(app, call.args), status))
}

// newApp is the helper without its tools.
func newApp(c *config) *cli.App {
	app := program.New("wrapper", "accept Kerberos and NTLM in Squid's Negotiate authentication", &c.Common)
	app.UsageText = "wrapper [options] [--kerberos PROGRAM ARG…] [--ntlm PROGRAM ARG…]"
	app.Description = description
	app.Flags = append(app.Flags, c.flags()...)
	app.Action = c.serve
	return app
}

var errUsage = errors.New("it shows its usage and ends: give --ntlm PROGRAM and --kerberos PROGRAM")

// open opens the helper of a command line.
func open(args []string) (doctor.Examiner, checkup.Settings, error) {
	call, err := byName(args[0], args)
	switch {
	case err != nil:
		return nil, checkup.Settings{}, err
	case call.usage:
		return nil, checkup.Settings{}, errUsage
	}
	c := config{commands: call.commands}
	return checkup.Open(newApp(&c), &c.Common, call.args)
}
