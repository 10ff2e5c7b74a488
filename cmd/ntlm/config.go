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
	ntlm     mechanism.NTLM
}

func (c *config) flags() []cli.Flag {
	c.identity.DefaultForm = "domain" // as ntlm_auth
	flags := append(c.ntlm.Flags(), c.ntlm.ModeFlag())
	return append(flags, c.identity.Flags()...)
}

// serve answers Squid until it closes the connection.
func (c *config) serve(ctx *cli.Context) error {
	if ctx.NArg() > 0 {
		return fmt.Errorf("ntlm takes no argument: %q", ctx.Args().First())
	}
	opt, err := c.Options(protocol.NTLM)
	if err != nil {
		return err
	}
	names, groups, err := c.identity.Options(opt.Log)
	if err != nil {
		return err
	}
	c.ntlm.Observe = opt.ObserveServer
	h, err := c.ntlm.Handler(opt.Log, names, groups, c.KeyExtras)
	if err != nil {
		return err
	}
	c.Serve(h, opt)
	return nil
}
