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
	for _, k := range kinds {
		app.Commands = append(app.Commands, k.command(&c))
	}
	app.Action = noBackend
	call, err := byName(helper.ProgramName(), os.Args)
	app.Before = func(*cli.Context) error {
		call.Tell(os.Stderr)
		return err
	}
	os.Exit(program.Run(app, call.Args))
}

// config is what the flags before the backend's name say.
type config struct {
	program.Common
	plainMessages bool
	gcPercent     int // 0: as for most backends
}

// serve answers Squid until it closes the connection. open is called with the
// settings that the flags make.
func (c *config) serve(name string, open func(helper.Options) (basic.Backend, error)) error {
	opt, err := c.Options(protocol.Basic)
	if err != nil {
		return err
	}
	opt.GCPercent = c.gcPercent
	opt.StrayID = func(line []byte) []byte { return protocol.StrayChannelID(line, c.KeyExtras) }
	backend, err := open(opt)
	if err != nil {
		return err
	}
	c.Serve(&basic.Handler{
		Backend:       backend,
		Name:          name,
		KeyExtras:     c.KeyExtras,
		PlainMessages: c.plainMessages,
	}, opt)
	return nil
}
