package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/ncsa"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

// ncsaAuth translates the command line of basic_ncsa_auth, which is the path of
// the password file. Options of this program may stand before it.
func ncsaAuth(call program.Call, args []string) (program.Call, error) {
	call.Args = append(call.Args, "--plain-messages")
	if len(args) == 0 {
		call.Args = append(call.Args, "ncsa")
		return call, nil
	}
	options, file := args[:len(args)-1], args[len(args)-1]
	if file == "--help" || file == "--version" {
		call.Args = append(call.Args, file)
		return call, nil
	}
	common, own, stray := splitFlags(options, ncsaCommand(nil).Flags)
	if stray { // which the backend says better
		call.Args = append(append(call.Args, "ncsa", "--"), args...)
		return call, nil
	}
	call.Args = append(append(call.Args, common...), "ncsa")
	call.Args = append(append(call.Args, own...), "--", file)
	return call, nil
}

func ncsaCommand(c *config) *cli.Command {
	var ignoreCase bool
	return &cli.Command{
		Name:      "ncsa",
		Usage:     "check passwords against a file that htpasswd wrote",
		ArgsUsage: "FILE",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "ignore-case", Destination: &ignoreCase, Usage: "a name matches in any case when no other does exactly"},
		},
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() != 1 {
				return fmt.Errorf("ncsa takes one password file, not %d arguments", ctx.NArg())
			}
			return c.serve("ncsa", func(opt helper.Options) (basic.Backend, error) {
				return ncsa.Open(ctx.Args().First(), ncsa.Options{IgnoreCase: ignoreCase, Log: opt.Log}), nil
			})
		},
	}
}
