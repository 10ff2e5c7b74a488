package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/ncsa"
	"squidauth/helper"
)

// ncsaArgs translates the command line of basic_ncsa_auth, which is the path of
// the password file. Options of this program may stand before it.
func ncsaArgs(args []string) []string {
	own, backend := []string{args[0], "--plain-messages"}, []string{"ncsa"}
	if len(args) == 1 {
		return append(own, backend...)
	}
	last := len(args) - 1
	if args[last] == "--help" || args[last] == "--version" {
		return append(own, args[last])
	}
	for _, a := range args[1:last] {
		if a == "--ignore-case" {
			backend = append(backend, a)
		} else {
			own = append(own, a)
		}
	}
	return append(append(own, backend...), "--", args[last])
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
			return c.serve("ncsa", func(opt helper.Options) basic.Backend {
				return ncsa.Open(ctx.Args().First(), ncsa.Options{IgnoreCase: ignoreCase, Log: opt.Log})
			})
		},
	}
}
