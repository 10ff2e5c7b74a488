package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/nis"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

// nisAuth translates the command line of basic_nis_auth: DOMAIN MAP.
func nisAuth(call program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	call.Args = append(append(append(call.Args, "--plain-messages"), long...), "nis")
	call.Args = append(append(call.Args, "--"), rest...)
	return call, nil
}

func nisCommand(c *config) *cli.Command {
	return &cli.Command{
		Name:      "nis",
		Usage:     "check passwords against a map of NIS (YP)",
		ArgsUsage: "DOMAIN MAP",
		Action: func(ctx *cli.Context) error {
			words := ctx.Args().Slice()
			if len(words) != 2 {
				return fmt.Errorf("nis takes a domain and a map, such as passwd.byname, not %d arguments", len(words))
			}
			for _, w := range words {
				if w == "" || strings.HasPrefix(w, "-") {
					return fmt.Errorf("%q is neither a NIS domain nor a map", w)
				}
			}
			return c.serve("nis", func(opt helper.Options) (basic.Backend, error) {
				opt.Log.Warn("NIS sends password hashes over the network in the clear, to whoever asks: keep that network apart, or move the accounts elsewhere")
				return nis.New(nis.Config{Domain: words[0], Map: words[1]}), nil
			})
		},
	}
}
