// Basic is a helper for Squid's "auth_param basic program".
package main

import (
	"errors"
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/pam"
	"squidauth/cmd/internal/checkup"
	"squidauth/cmd/internal/program"
	"squidauth/cmd/internal/try"
	"squidauth/helper"
	"squidauth/helper/doctor"
	"squidauth/protocol"
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
		return nil
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

// config is what the flags before the backend's name say.
type config struct {
	program.Common
	plainMessages bool
	gcPercent     int // 0: as for most backends
	protection    protection

	backend []string // its name and arguments

	// collect takes a backend that is to be part of another; nil: it is to be served.
	collect func(name string, open opener)
}

// opener opens a backend with the settings that the flags make.
type opener func(helper.Options) (basic.Backend, error)

// serve answers Squid until it closes the connection.
func (c *config) serve(name string, open opener) error {
	if c.collect != nil {
		c.collect(name, open)
		return nil
	}
	return c.answer(name, func(opt helper.Options) (*protected, error) {
		return c.protection.open(name, c.backend, open, opt)
	})
}

func (c *config) answer(name string, open func(helper.Options) (*protected, error)) error {
	opt, err := c.Options(protocol.Basic)
	if err != nil {
		return err
	}
	opt.GCPercent = c.gcPercent
	if err := c.protection.check(); err != nil {
		return err
	}
	opt.StrayID = func(line []byte) []byte { return protocol.StrayChannelID(line, c.KeyExtras) }
	p, err := open(opt)
	if err != nil {
		return err
	}
	c.Serve(&basic.Handler{
		Backend:       c.protection.remember(name, p),
		Name:          name,
		KeyExtras:     c.KeyExtras,
		PlainMessages: c.plainMessages,
	}, opt)
	return nil
}
