// Basic is a helper for Squid's "auth_param basic program".
package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/protocol"
)

func main() {
	var c config
	app := program.New("basic", "check the passwords of Squid's Basic authentication", &c.Common)
	app.Flags = append(app.Flags, c.ConcurrencyFlag(), &cli.BoolFlag{
		Name: "plain-messages", Destination: &c.plainMessages,
		Usage: "tell clients what the replaced program tells them, such as that there is no such user",
	})
	app.Flags = append(app.Flags, c.protection.flags()...)
	for _, k := range kinds {
		app.Commands = append(app.Commands, k.command(&c))
	}
	app.Commands = append(app.Commands, chainCommand(&c))
	app.Action = noBackend
	call, err := byName(helper.ProgramName(), os.Args)
	app.Before = func(ctx *cli.Context) error {
		c.backend = ctx.Args().Slice()
		call.Tell(os.Stderr)
		c.Adopt(call)
		return err
	}
	os.Exit(program.Run(app, call.Args))
}

// config is what the flags before the backend's name say.
type config struct {
	program.Common
	plainMessages bool
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
