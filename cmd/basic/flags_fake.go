package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/deny"
	"squidauth/basic/fake"
	"squidauth/cmd/internal/getopt"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

// fakeAuth translates the command line of basic_fake_auth.
func fakeAuth(call program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	options, operands, err := getopt.Parse(rest, "dh")
	switch {
	case err != nil:
		return call, err
	case len(operands) > 0:
		call.Notes = append(call.Notes, fmt.Sprintf("the argument %q means nothing, and never did", operands[0]))
	}
	call.Args = append(append(call.Args, "--plain-messages"), long...)
	for _, o := range options {
		call.Args = append(call.Args, map[byte]string{'d': "--debug", 'h': "--help"}[o.Letter])
	}
	call.Args = append(call.Args, "fake")
	return call, nil
}

func fakeCommand(c *config) *cli.Command {
	return &cli.Command{
		Name:      "fake",
		Usage:     "believe every client who it is, to try out a squid.conf",
		ArgsUsage: " ",
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() > 0 {
				return fmt.Errorf("fake takes no argument: %q", ctx.Args().First())
			}
			return c.serve("fake", func(opt helper.Options) (basic.Backend, error) {
				opt.Log.Warn("this helper verifies nothing: every client is let in as whoever it says it is")
				return fake.Backend{}, nil
			})
		},
	}
}

func denyCommand(c *config) *cli.Command {
	var text string
	return &cli.Command{
		Name:      "deny",
		Usage:     "refuse everybody",
		ArgsUsage: " ",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "text", Destination: &text, Usage: "tell the client `TEXT`"},
		},
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() > 0 {
				return fmt.Errorf("deny takes no argument: %q", ctx.Args().First())
			}
			c.plainMessages = c.plainMessages || text != ""
			return c.serve("deny", func(opt helper.Options) (basic.Backend, error) {
				opt.Log.Warn("this helper refuses everybody")
				return deny.Backend{Text: text}, nil
			})
		},
	}
}
