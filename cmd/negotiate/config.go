package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/accounts"
	"squidauth/cmd/internal/mechanism"
	"squidauth/cmd/internal/program"
	"squidauth/protocol"
)

// config is what the flags say.
type config struct {
	program.Common
	identity accounts.Identity
	kerberos mechanism.Kerberos
}

func (c *config) negotiateFlags() []cli.Flag {
	return append(c.kerberos.Flags(), c.identity.Flags()...)
}

func (c *config) serve(ctx *cli.Context) error {
	if ctx.NArg() > 0 {
		return fmt.Errorf("negotiate takes no argument: %q", ctx.Args().First())
	}
	opt, err := c.Options(protocol.Negotiate)
	if err != nil {
		return err
	}
	names, groups, err := c.identity.Options(opt.Log)
	if err != nil {
		return err
	}
	h, err := c.kerberos.Handler(opt.Log, names, groups, c.KeyExtras)
	if err != nil {
		return err
	}
	c.Serve(h, opt)
	return nil
}
